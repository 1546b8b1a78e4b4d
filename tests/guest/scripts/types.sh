# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Processes and a module to look at by typed pointers: signatures/types. A call of getpriority has them
# looked at.

insmod /modules/ramdisk.ko && result module yes
i=0
while [ $i -lt 20 ]; do
	sleep 600 &
	i=$((i + 1))
done
result cpus "$(nproc)"
result release "$(uname -r)"
result symbol "$(sed -n 's/^\([0-9a-f]*\) t ram_submit.\[ramdisk\]$/\1/p' /proc/kallsyms)"
result modprobe "$(cat /proc/sys/kernel/modprobe)"
calls getpriority 1
result calls $?
