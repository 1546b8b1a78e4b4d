# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Attacks of a kernel that has been taken over (modules/hostile.c): attack=NAME[,NAME...].

names=$(sed -n 's/.*attack=\([a-z0-9,]*\).*/\1/p' /proc/cmdline | tr , ' ')
[ -e /modules/hostile.ko ] || result skipped

# The hypervisor's memory is the last of RAM below 4 GB, reserved as the firmware's tables behind it.
set -- $(sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : Reserved$/\1 \2/p' /proc/iomem |
	while read -r first last; do
		first=$((0x$first))
		size=$((0x$last + 1 - first))
		[ $first -gt 1048576 ] && [ $size -ge 16777216 ] && [ $first -lt 2952790016 ] &&
			echo "$first $size" && break
	done)
result own "${1:-0}" "${2:-0}"
for name in $names; do
	[ "$name" = init ] && echo 0 >/sys/devices/system/cpu/cpu1/online
	if [ "$name" = smi ]; then
		calls getppid 20000 &
	fi
	insmod /modules/hostile.ko "what=$name" "own=${1:-0}" "own_size=${2:-0}" && rmmod hostile
	[ "$name" = odd ] && timeout 200 taskset -c 1 calls getppid 100 && result pinned $?
	[ "$name" = init ] && echo 1 >/sys/devices/system/cpu/cpu1/online && result online "$(nproc)"
done
wait
calls getpriority 1
dmesg | sed -n '/module/!s/.*hostile: /result hostile /p'
# that of the MP-BIOS is the kernel's word for a timer that the host let wait
dmesg | grep -i -e 'BUG:' -e 'Oops:' -e 'unknown reason' -e 'soft lockup' | grep -v MP-BIOS >/tmp/complaints
cat /tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
calls getppid 100
result calls $?
