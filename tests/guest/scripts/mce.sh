# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Machine checks from the host while hooked calls are made: mce=N of them on the kernel's command
# line. The kernel counts the exceptions and says what the banks had.

count=$(sed -n 's/.*mce=\([0-9]*\).*/\1/p' /proc/cmdline)

checks()
{
	awk '/MCE:/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; print n + 0 }' \
		/proc/interrupts
}

until [ -e /tmp/enough ]; do
	calls getpriority 5 && calls umask 50
	echo "$?" >>/tmp/calls
done &
result ready 1
tries=0 last=0
while [ "$last" -lt "$count" ] && [ $tries -lt 600 ]; do
	sleep 0.2
	now=$(checks)
	[ "$now" = "$last" ] || result arrived "$now"
	last=$now
	tries=$((tries + 1))
done
touch /tmp/enough
wait
result checks "$(checks)"
result failed "$(grep -vc '^0$' </tmp/calls)"
result rounds "$(grep -c . </tmp/calls)"
calls getpgid 1
