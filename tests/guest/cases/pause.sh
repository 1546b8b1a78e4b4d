# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# lvmon.pause with four processors (two in Bochs): nothing moves in it, it ends in time, no call and
# no interrupt is lost, and the guest's clocks are right afterwards.

limit=900 cpus=4 each=1000
[ "$vendor" = intel ] && cpus=2 each=200

# a host that has no time for one of the processors is not to be the kernel's complaint
patient="watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300"
boot --cpus $cpus --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/pause" \
	--vmm budget=2000 --append "quiet panic=-1 no_timer_check lvtest=pause pinned=$each $patient"
is "exit code" "$code" 0
is "processors" "$(result cpus)" "$cpus"
is "calls return" "$(result calls)" 0
holds "each call is seen once, nothing moves in a pause" event \
	"calls $((cpus * each)), pauses $((cpus * each / 10)), failed 0, lists changed 0, ticks 0,"
holds "ticks come without one" event 'without some, end'
holds "the limit stops the function, and the processors go on" event \
	'limit: false, .*: pause limit exceeded, goes on true'
up=$(result up) rtc=$(result rtc)
holds "the clock is right: $up, CMOS $rtc" \
	test $((${up:-0} - ${rtc:-9999})) -le 250 -a $((${rtc:-9999} - ${up:-0})) -le 250
is "nothing to complain" "$(result complaints)" 0
holds "no error" no_event '"kind": *"error"'
