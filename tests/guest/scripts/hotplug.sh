# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Waits for memory that is plugged in while it runs, uses all of it, and makes the hooked calls from
# processes that lie in it: the kernel takes the new memory first.
echo online >/sys/devices/system/memory/auto_online_blocks
calls getpriority 1
result plug now
tries=0
while [ $tries -lt 200 ] && ! grep -q '^100000000-13fffffff : System RAM' /proc/iomem; do
	sleep 1
	tries=$((tries + 1))
done
result memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
mount -o remount,size=2G /tmp
dd if=/dev/zero of=/tmp/large bs=1M count=900 2>/dev/null
result sum "$(md5sum </tmp/large | cut -d" " -f1)"
rm /tmp/large
calls getpriority 1
calls getppid 300
result calls $?
others getppid 100
result others $?
calls getpriority 1
power int3
result int3 $?
registers 100
result registers $?
result complaints "$(dmesg | grep -c -E 'Call Trace|stall|lockup|BUG:|Oops:')"
