# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Many visits of 200 ms to the hypervisor: the guest's clocks go on as if nothing had been, by the
# CMOS clock, which is the machine's (and goes by instructions here, as its timers and the TSC do); a sleeper wakes up in time; the kernel complains of nothing.
# With the timer in periodic mode, a kernel counts ticks, and those of a visit become one, as with
# interrupts off: jiffies fall behind, but nothing stops.

# about A B: equal but for 1.5 s, in hundredths
about()
{
	[ $(($1 - $2)) -le 150 ] && [ $(($2 - $1)) -le 150 ]
}

clock()
{
	timer=$1
	shift
	# shellcheck disable=SC2086
	boot --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/slow" \
		--vmm budget=1000 --append "quiet panic=-1 lvtest=clock $timer" "$@" -- $counted
	is "$*, $timer: exit code" "$code" 0
	is "$*, $timer: calls return" "$(result calls)" 0
	holds "$*, $timer: the visits are long" event 'visits 50, ms 1[0-9][0-9][0-9][0-9]'
	holds "$*, $timer: CLOCK_BOOTTIME $(result up), CMOS $(result rtc)" \
		about "$(result up)" "$(result rtc)"
	[ -n "$timer" ] || holds "$*: jiffies $(result jiffies)" \
		about "$(result jiffies)" "$(result rtc)"
	holds "$*, $timer: a sleep of 10 s took $(result slept)" test "$(result slept)" -le 1600
	holds "$*, $timer: timer interrupts" test "$(result ticks)" -ge 40
	is "$*, $timer: nothing to complain" "$(result complaints)" 0
	holds "$*, $timer: no error" no_event '"kind": *"error"'
	holds "$*, $timer: nothing is lost" no_event '"kind": *"lost"'
}

clock "" --cpus 1
clock "" --cpus 2
clock "nohz=off highres=off no_timer_check" --cpus 1
