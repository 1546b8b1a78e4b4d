# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# What no kernel does with its CPU (modules/corner.c), and what the bare machine makes of it.

# corner NAME[,NAME...] [LVISOR-ARGUMENT...]
corner()
{
	names=$1
	shift
	boot --kernel "$kernel" --initrd "$initramfs" \
		--append "quiet panic=-1 no_timer_check lvtest=corner corner=$names" "$@"
}

# said TEXT: a line of the module's
said()
{
	grep -q -x -F "result corner $1" "$work/console"
}

if need_module corner; then
	corner registers,vectors,fwcfg,pic,writes --signature "$here/signatures/lies" \
		--signature "$here/signatures/register"
	is "exit code" "$code" 0
	for value in "CR3 with bit 60" "CR4 with bit 40" "CR4 with VMXE"; do
		holds "$value faults" said "$value faults"
	done
	holds "interrupts with vectors of exceptions are the guest's" said "16 vectors seen"
	is "an event went before each of them" "$(grep -c '"message": *"looked: ' "$work/events")" $((17 + 6))
	holds "an 8259 that is not silent any more keeps its interrupt" \
		said "IRQ 4 of the 8259 was there 1, is there 1, served 0"
	holds "and does not end the engine" no_event '"kind": *"restart"'
	holds "QEMU's fw_cfg is not there" said "fw_cfg is not there"
	holds "and its DMA is not done" said "its DMA is not done"
	holds "writes to watched registers are done, and fault, as without a hook" \
		said "5 faults, 0 wrong values"
	holds "each write that is done is an event, with its values" \
		event 'written: CR0 10, CR4 10, EFER 10, GDTR 10, IDTR 10, MSR 0x176 10; wrong 0'
	is "calls return" "$(result calls)" 0
fi

# VT-x checks what its guest does
if [ "$vendor" = amd ] && need_module corner; then
	corner refused
	is "a state that cannot be gone on with: exit code, the machine is reset" "$code" 0
	is "nothing goes on" "$(result calls)" ""
	holds "it is said" grep -a -q "the CPU refuses its state" "$work/log"
	is "no crash of ours" "$(grep -a -c "crash record" "$work/log")" 0
fi
