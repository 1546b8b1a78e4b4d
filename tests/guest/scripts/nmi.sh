# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# NMIs while hooks hit, and are made and removed: exact=CALLS,EVERY and sysrq=N on the kernel's
# command line. First those that the host sends, with hooks that are emulated; then N times sysrq-l,
# which sends one to all other processors, and the host's again, with hooks that are stepped over.

nmis()
{
	awk '/NMI:/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; print n + 0 }' \
		/proc/interrupts
}

# The host's have begun and ended.
settle()
{
	quiet=0 tries=0
	while [ $quiet -lt 3 ] && [ $tries -lt 100 ]; do
		now=$(nmis)
		sleep 1
		tries=$((tries + 1)) quiet=$((quiet + 1))
		[ "$(nmis)" = "$now" ] && [ "$now" != "$before" ] || quiet=0
	done
}

numbers=$(sed -n 's/.*exact=\([0-9]*,[0-9]*\).*/\1/p' /proc/cmdline)
turns=$(sed -n 's/.*sysrq=\([0-9]*\).*/\1/p' /proc/cmdline)

before=$(nmis)
exact "${numbers%,*}" "${numbers#*,}" emulated &
worker=$!
result ready 1
wait $worker
result emulated_calls $?
settle
result emulated $(($(nmis) - before))

exact "${numbers%,*}" "${numbers#*,}" &
worker=$!
before=$(nmis)
sent=0
while [ $sent -lt "$turns" ]; do
	echo l >/proc/sysrq-trigger
	sent=$((sent + 1))
done
result sysrq $(($(nmis) - before))
result backtraces "$(dmesg | grep -c 'NMI backtrace for cpu')"
before=$(nmis)
result ready 2
wait $worker
result calls $?
result meanwhile $(($(nmis) - before))
settle
result stepped $(($(nmis) - before))
result unknown "$(dmesg | grep -c 'NMI received for unknown reason')"
dmesg | grep -E "stall|lockup|BUG:|Oops:|not respond" >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints
