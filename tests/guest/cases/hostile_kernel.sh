# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A kernel that has been taken over attacks what is below it (modules/hostile.c): nothing gets through,
# nothing hangs, and where the bare machine would be reset, this one is.

# attack NAME[,NAME...] [LVISOR-ARGUMENT...]
attack()
{
	names=$1
	shift
	boot --kernel "$kernel" --initrd "$initramfs" \
		--append "quiet panic=-1 no_timer_check lvtest=hostile_kernel attack=$names" "$@"
}

# said TEXT: a line of the module's
said()
{
	grep -q -x -F "result hostile $1" "$work/console"
}

if need_module hostile; then
	attack instructions,msrs,own,nmi --cpus 2
	is "exit code" "$code" 0
	for insn in vmmcall vmcall vmrun vmload vmsave clgi stgi skinit invlpga vmxoff vmlaunch \
		getsec; do
		holds "$insn faults" said "$insn faults"
	done
	for insn in invd wbinvd; do
		holds "$insn passes" said "$insn passes"
	done
	for msr in c0010114 c0010117 c0010131; do
		holds "MSR $msr is not there" said "msr $msr read faults write faults, unchanged"
	done
	for msr in c0010010 c0010016 c001001a c0010020 c0010058 c0010111 c0010112; do
		holds "a write to MSR $msr does nothing" \
			said "msr $msr read passes write passes, unchanged"
		holds "and is in the log" grep -a -q "write to MSR $msr: ignored" "$work/log"
	done
	holds "SVME is hidden" said "EFER.SVME is 0, setting it faults"
	holds "the APIC stays" said "moving the APIC faults"
	for after in "reads as ones: 1 1 1" "copy is ones: 1" "after mov: 1" "after rep stos: 1" \
		"after rep movs: 1" "after locked and other stores: 1" \
		"after a store over the border: 1" "as a stack: popped ffffffffffffffff" \
		"in the end: 1"; do
		holds "our memory $after" said "$after"
	done
	holds "no NMI is lost in a storm" said "2000 NMIs sent, 2000 seen"
	is "nothing to complain" "$(result complaints)" 0
	is "calls return" "$(result calls)" 0

	# the APIC's page is open: they reach CPUs, in the guest and in handlers
	attack smi,ioapic --cpus 2 --signature "$here/signatures/count/count.lua"
	is "SMI: exit code" "$code" 0
	holds "no SMI runs code of the guest's" said "1000 SMIs sent, 0 seen, 0 saw our memory"
	holds "nor does the I/O APIC send one, or INIT" \
		said "I/O APIC: fixed 10055, SMI 10055, INIT 10055, in parts 10055, NMI 10400"
	holds "it is said whose they are" grep -a -q "^SMM of CPU 0: nobody's before" "$work/log"
	holds "and each call meanwhile is seen" event 'filtered 20000,'
	is "SMI: nothing to complain" "$(result complaints)" 0

	# QEMU resets a CPU whatever is intercepted, so the page must be closed: threat model
	attack init,odd --cpus 2 --vmm apic=trap
	is "INIT: exit code" "$code" 0
	holds "a storm of INITs ends" said "INIT sent"
	is "and the processor comes back" "$(result online)" 2
	holds "INIT next to the ICR is made" said "odd stores are made"
	is "and stops nobody" "$(result pinned)" 0
	is "INIT: nothing to complain" "$(result complaints)" 0
	is "INIT: calls return" "$(result calls)" 0

	attack endless --cpus 2
	is "an exception onto our memory that does not return: exit code" "$code" 0
	holds "holds no other CPU" grep -q "hostile: this CPU goes on, our memory is ones: 1" "$work/console"
	is "and is no crash of ours" "$(grep -a -c "crash record" "$work/log")" 0

	# a look at everything is much for one event on a busy machine
	attack lies --vmm budget=2000 --signature "$here/signatures/lies"
	is "lies: exit code" "$code" 0
	is "lies: the module ends" "$(grep -c -x "result hostile end lies" "$work/console")" 1
	is "lies: each call is looked into" "$(grep -c '"message": *"looked: ' "$work/events")" 14
	holds "lies: no error" no_event '"kind": *"error"'
	holds "lies: no restart" no_event '"kind": *"restart"'
	is "lies: nothing to complain" "$(result complaints)" 0

	attack service --signature "$here/signatures/spin"
	is "an interrupt is left in service: exit code" "$code" 0
	holds "an interrupt is left in service" said "it was in service: 1"
	is "and handlers end by their limit all the same" \
		"$(grep -c '"message": *"time limit exceeded' "$work/events")" 2

	attack lift --signature "$here/signatures/lifted"
	is "a trap is written over: exit code" "$code" 0
	holds "a trap is written over" said "a trap was lifted"
	holds "and it is told" event '"kind": *"warning"' '"hook": *"__x64_sys_sethostname"' \
		'written other code over the trap'
	is "once" "$(grep -c '"kind": *"warning".*sethostname' "$work/events")" 1
	holds "ftrace leads calls away from two functions" \
		test "$(grep -c -x "result hostile led away: -1234" "$work/console")" = 2
	holds "by one that says so: it is told, with who does it" event '"kind": *"warning"' \
		'"hook": *"__x64_sys_setdomainname"' '"by": *"lead_away \[hostile\]"'
	is "once" "$(grep -c '"kind": *"warning".*setdomainname' "$work/events")" 1
	holds "by one that does not: it is told" event '"kind": *"warning"' \
		'"hook": *"__x64_sys_swapon"' '"by": *"lead_away \[hostile\]"'
	is "once" "$(grep -c '"kind": *"warning".*swapon' "$work/events")" 1
	is "afterwards, calls are seen" "$(grep -c '"message": *"seen s' "$work/events")" 2
	holds "a jump leads calls away" said "jumped: -1234"
	holds "it is told, with where it leads" event '"kind": *"warning"' '"hook": *"__x64_sys_swapoff"' \
		'a jump in front of the trap' '"by": *"instead \[hostile\]"'
	is "once" "$(grep -c '"kind": *"warning".*swapoff' "$work/events")" 1
	is "and no more than that" "$(grep -c '"kind": *"warning"' "$work/events")" 4
	# another processor keeps the one that is in the handler from every instruction of its own
	attack flood,clocks,types --cpus 2 --vmm budget=100 --signature "$here/signatures/worker"
	is "flood: exit code" "$code" 0
	holds "flood: there was one" said "some NMIs: 1"
	is "flood: each call is handled, in a pause and out of one" \
		"$(grep -c '"message": *"worked true"' "$work/events")" 35
	holds "clocks: one is set ahead" said "the TSC moves: 1, by RDMSR: 1"
	holds "clocks: and back" said "and back: 0"
	set -- $(sed -n 's/.*"time": *"\([^"]*\)".*/\1/p' "$work/events" | sort | sed -n '1p;$p')
	holds "clocks: events are in this boot's time ($1 to $2)" \
		test $(($(date -d "$2" +%s) - $(date -d "$1" +%s))) -lt 1200
	holds "MTRRs: the guest reads what it wrote" said "MTRRs off: passes, reads back 1"
	holds "MTRRs: as checked as the CPU would" said "a type that is none faults"
	holds "flood: no error" no_event '"kind": *"error"'
	holds "flood: no restart" no_event '"kind": *"restart"'
	is "flood: nothing to complain" "$(result complaints)" 0
	is "flood: calls return" "$(result calls)" 0

	for table in cr3 idt gdt tss; do
		attack $table
		is "our memory as $table: exit code, the machine is reset" "$code" 0
		is "our memory as $table: it is tried" \
			"$(result own | cut -d' ' -f1 | grep -c '^[1-9]')" 1
		is "our memory as $table: nothing goes on" "$(result calls)" ""
		holds "our memory as $table: a triple fault" grep -a -q "triple fault" "$work/log"
		is "our memory as $table: no crash of ours" "$(grep -a -c "crash record" "$work/log")" 0
	done
fi
