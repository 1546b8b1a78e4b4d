# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What no kernel does with its CPU (modules/corner.c): corner=NAME[,NAME...].

names=$(sed -n 's/.*corner=\([a-z0-9,]*\).*/\1/p' /proc/cmdline | tr , ' ')
[ -e /modules/corner.ko ] || result skipped
for name in $names; do
	insmod /modules/corner.ko "what=$name" && rmmod corner
done
dmesg | sed -n '/module/!s/.*corner: /result corner /p'
calls getppid 100
result calls $?
