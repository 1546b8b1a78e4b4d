# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# What root reaches of the machine from user mode is what it is without LVisor, but for what
# `lvisor policy` says; nothing that the guest writes to our port becomes a line of the log.

# found: what the program has found, and instructions of SVM apart: as the CPU that has it switched on
# they end with #GP at CPL 3 where they end with #UD on one that has not.
found()
{
	grep '^result \(insn\|port\|cpuid\)' "$work/console" |
		grep -v 'insn \(vmrun\|vmload\|vmsave\|clgi\|stgi\|invlpga\) '
}

svm_flags="npt svm "
boot_script privileged --plain
is "plain: exit code" "$code" 0
found >"$work/plain"
result flags | tr ' ' '\n' | sort >"$work/flags"
boot_script privileged
is "exit code" "$code" 0
found >"$work/ours"
result flags | tr ' ' '\n' | sort >"$work/flags.ours"
is "what Linux calls the processor's features, but for SVM's" \
	"$(comm -3 "$work/flags" "$work/flags.ours" | tr -d '\t' | tr '\n' ' ')" "$svm_flags"
holds "there is something to compare" test "$(wc -l <"$work/ours")" -gt 80
# leaf 80000001 of this emulator, without SVM (ECX bit 2)
leaf=$(sed -n 's/^result cpuid 80000001 0: //p' "$work/plain")
ecx=$(echo "$leaf" | cut -d ' ' -f 3)
leaf="${leaf% "$ecx" *} $(printf %08x $((0x${ecx:-0} & ~4))) ${leaf##* }"
is "what differs" "$(diff "$work/plain" "$work/ours" | sed -n 's/^> result //p')" \
	"port e6: ff ffff ffffffff
port e7: ff 0 ffffffff
port e9: ff ffff ffffffff
cpuid 80000001 0: $leaf
cpuid 8000000a 0: 00000000 00000000 00000000 00000000"
is "instructions of SVM are not there" \
	"$(grep -c 'insn \(vmrun\|vmload\|vmsave\|clgi\|stgi\|invlpga\) signal \(4\|11\)$' "$work/console")" 6
is "no forged line" "$(grep -a -c forged "$work/log")" 0
holds "nothing is refused by mistake" test "$(grep -a -c 'MSR .*: #GP' "$work/log")" -eq 0
