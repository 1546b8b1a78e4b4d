# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Guests with two and with four processors: each hooked call is seen once, on the processor that made
# it; processors go and come back; NMIs arrive. Bochs, for Intel, needs minutes to start four.

each=10000
[ "$vendor" = intel ] && each=2500
boot --cpus 2 --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/cpus" \
	--signature "$here/signatures/register" --append "quiet panic=-1 no_timer_check sysrq_always_enabled lvtest=cpus pinned=$each"
is "2: exit code" "$code" 0
is "2: processors" "$(result cpus)" 2
is "2: calls return" "$(result calls)" 0
holds "2: each call is seen once" event "all $((2 * each)), cpu0=$each, cpu1=$each, end"
is "2: NMIs arrive" "$(result nmis)" 1
is "2: processors after offline and online" "$(result again)" 2
is "2: calls return after that" "$(result calls_again)" 0
holds "2: each call is seen once after that" event 'all 1000, cpu0=500, cpu1=500, end'
is "2: nothing to complain" "$(result complaints)" 0
if need_module corner; then
	is "2: writes to watched registers, on a processor that came back" "$(result writes)" "5 faults, 0 wrong values"
	holds "2: each that is done is an event" \
		event 'written: CR0 10, CR4 10, EFER 10, GDTR 10, IDTR 10, MSR 0x176 10; wrong 0'
fi
[ "$vendor" = intel ] && return

boot --cpus 4 --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/cpus" \
	--append "quiet panic=-1 no_timer_check sysrq_always_enabled lvtest=cpus pinned=5000"
is "4: exit code" "$code" 0
is "4: processors" "$(result cpus)" 4
holds "4: each call is seen once" event \
	'all 20000, cpu0=5000, cpu1=5000, cpu2=5000, cpu3=5000, end'
is "4: NMIs arrive" "$(result nmis)" 3
is "4: processors after offline and online" "$(result again)" 4
holds "4: each call is seen once after that" event 'all 2000, cpu0=500'
is "4: nothing to complain" "$(result complaints)" 0

# Nobody knows who is there without a MADT: a CPU that is not ours is never started by the guest.
boot --kernel "$kernel" --initrd "$initramfs" --append "quiet panic=-1 lvtest=unlisted" -- -M pc,acpi=off -smp 2
is "without a MADT: exit code" "$code" 0
is "without a MADT: processors" "$(result cpus)" 1
holds "without a MADT: it is said" grep -a -q "lists no CPUs" "$work/log"

boot --cpus 2 --kernel "$kernel" --initrd "$initramfs" --signature signatures/paper.lua \
	--append "quiet panic=-1 no_timer_check lvtest=demo"
is "2: the paper's signature ends the malicious process" "$(result malicious)" 139
is "2: and not its twin" "$(result benign)" 42
