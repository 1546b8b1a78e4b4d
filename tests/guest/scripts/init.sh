#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest's init: runs the script that the kernel's command line names (lvtest=NAME) and powers
# off. Each finding is a line "result NAME VALUE" on the console, which the host reads.
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mount -t tmpfs tmpfs /tmp
export PATH=/bin HOME=/tmp

result()
{
	echo "result $*"
}

test=$(sed -n 's/.*lvtest=\([a-z0-9_]*\).*/\1/p' /proc/cmdline)
if [ -z "$test" ]; then
	# no test asked for: a shell for the person at the console
	setsid cttyhack sh
	poweroff -f
fi
result start "$(date +%s) $(cut -d' ' -f1 /proc/uptime)"
# shellcheck disable=SC1090
. "/scripts/$test.sh"
result end "$(date +%s) $(cut -d' ' -f1 /proc/uptime)"
# sets nothing that matters, but waits until the UART has sent all of it (TCSADRAIN)
stty sane </dev/console 2>/dev/null
poweroff -f
