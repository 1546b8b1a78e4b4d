# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# NMIs on four processors while hooks hit, and are made and removed a thousand times: those that the
# guest sends and those from outside are all there, with hooks that are emulated and with hooks that
# are stepped over. QEMU alone for comparison.

commands=50 # of the monitor, twice; for the first processor: Linux masks the others' LINT1

unknown()
{
	grep -c 'NMI received for unknown reason' "$work/console.raw"
}

# The commands, when the guest says "result ready" for the first and for the second time. One waits
# for the guest to say that the one before has arrived: an APIC keeps only one.
send_nmis()
{
	for turn in 1 2; do
		until grep -q "^result ready $turn" "$work/console.raw" 2>/dev/null; do
			sleep 0.5
		done
		sent=0
		while [ $sent -lt $commands ]; do
			had=$(unknown) waited=0
			echo nmi
			while [ "$(unknown)" = "$had" ] && [ $waited -lt 600 ]; do
				sleep 0.1
				waited=$((waited + 1))
			done
			sent=$((sent + 1))
		done
	done >"$work/monitor.in"
}

# nmi_boot CALLS,EVERY SYSRQ ARGUMENT...
nmi_boot()
{
	append="quiet panic=-1 no_timer_check sysrq_always_enabled log_buf_len=16M lvtest=nmi exact=$1 sysrq=$2"
	shift 2
	rm -f "$work/console.raw"
	[ -p "$work/monitor.in" ] || mkfifo "$work/monitor.in" "$work/monitor.out"
	cat "$work/monitor.out" >/dev/null &
	drain=$!
	send_nmis &
	sender=$!
	boot --cpus 4 --kernel "$kernel" --initrd "$initramfs" --append "$append" "$@" -- \
		-chardev "pipe,id=mon,path=$work/monitor" -mon chardev=mon,mode=readline
	kill $sender $drain 2>/dev/null
	wait $sender $drain 2>/dev/null
}

# rounds COUNTS: of how many rounds of calls the signature says this
rounds()
{
	grep -c "$1, gaps 0, turns 1000, others seen" "$work/events"
}

limit=600
nmi_boot 100000,1 20 --plain
is "plain: exit code" "$code" 0
is "plain: the monitor's NMIs" "$(result emulated) $(result stepped)" "$commands $commands"
is "plain: the NMIs of sysrq-l" "$(result sysrq)" 60

nmi_boot 6000,12 100 --signature "$here/signatures/exact" --vmm budget=5000
is "exit code" "$code" 0
is "calls return" "$(result emulated_failed) $(result stepped_failed)" "0 0"
is "emulated: each call is seen once" "$(rounds 'all 24000, stepped 0')" \
	"$(result emulated_rounds)"
is "stepped: each call is seen once" "$(rounds 'all 24000, stepped 6000')" \
	"$(result stepped_rounds)"
is "the NMIs of sysrq-l" "$(result sysrq)" 300
is "backtraces" "$(result backtraces)" 400
is "emulated: the monitor's NMIs" "$(result emulated)" $commands
is "stepped: the monitor's NMIs" "$(result stepped)" $commands
is "no NMI that nobody sent" "$(result unknown)" $((commands * 2))
is "nothing to complain" "$(result complaints)" 0
