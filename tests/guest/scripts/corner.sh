# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What no kernel does with its CPU (modules/corner.c): corner=NAME[,NAME...].

names=$(sed -n 's/.*corner=\([a-z0-9,]*\).*/\1/p' /proc/cmdline | tr , ' ')
[ -e /modules/corner.ko ] || result skipped
# where the hypervisor's memory is: as in hostile_kernel.sh
own=$(sed -n 's/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : Reserved$/\1 \2/p' /proc/iomem |
	while read -r first last; do
		first=$((0x$first))
		[ $first -gt 1048576 ] && [ $((0x$last + 1 - first)) -ge 16777216 ] &&
			[ $first -lt 2952790016 ] && echo "$first" && break
	done)
for name in $names; do
	insmod /modules/corner.ko "what=$name" "own=${own:-0}" && rmmod corner
done
dmesg | sed -n '/module/!s/.*corner: /result corner /p'
calls getppid 100
result calls $?
