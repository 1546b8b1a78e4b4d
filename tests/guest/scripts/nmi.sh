# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# NMIs while hooks hit, and are made and removed: exact=CALLS,EVERY and sysrq=N on the kernel's
# command line. First those that the host sends, with hooks that are emulated; then N times sysrq-l,
# which sends one to all other processors, and the host's again, with hooks that are stepped over. The
# calls go on, round by round, until all have arrived.

nmis()
{
	awk '/NMI:/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; print n + 0 }' \
		/proc/interrupts
}

# The host's have begun and ended.
settle()
{
	quiet=0 tries=0
	while [ $quiet -lt 5 ] && [ $tries -lt 100 ]; do
		now=$(nmis)
		sleep 1
		tries=$((tries + 1)) quiet=$((quiet + 1))
		[ "$(nmis)" = "$now" ] && [ "$now" != "$before" ] || quiet=0
	done
}

numbers=$(sed -n 's/.*exact=\([0-9]*,[0-9]*\).*/\1/p' /proc/cmdline)
turns=$(sed -n 's/.*sysrq=\([0-9]*\).*/\1/p' /proc/cmdline)

# work NAME [ARGUMENT]: rounds of calls until stop_work()
work()
{
	name=$1 rounds=0 failed=0
	shift
	until [ -e /tmp/enough ]; do
		exact "${numbers%,*}" "${numbers#*,}" 0 "$@" || failed=$((failed + 1))
		rounds=$((rounds + 1))
	done
	result "${name}_rounds" $rounds
	result "${name}_failed" $failed
}

stop_work()
{
	touch /tmp/enough
	wait $worker
	rm /tmp/enough
}

before=$(nmis)
work emulated emulated &
worker=$!
result ready 1
settle
result emulated $(($(nmis) - before))
stop_work

work stepped &
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
settle
result stepped $(($(nmis) - before))
stop_work
result unknown "$(dmesg | grep -c 'NMI received for unknown reason')"
dmesg | grep -E "stall|lockup|BUG:|Oops:|not respond" >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints
