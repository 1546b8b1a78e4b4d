# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# One boot that shows that LVisor works on this vendor's processor: make check has it for both.

boot_script vendor --signature "$here/signatures/count/count.lua" \
	--signature "$here/signatures/count/registers.lua" --signature signatures/paper.lua \
	--signature "$here/signatures/register"
is "exit code" "$code" 0
case $vendor in
intel) is "processor" "$(result cpu)" GenuineIntel ;;
*) is "processor" "$(result cpu)" AuthenticAMD ;;
esac
is "no virtualisation in /proc/cpuinfo" "$(result hidden)" 0
is "calls return" "$(result calls)" 0
holds "calls are counted" event 'filtered 1000,'
is "all registers are kept" "$(result registers)" 0
is "malicious process" "$(result malicious)" 139
is "benign processes" "$(result benign) $(result again)" "42 42"
holds "an event names the process" event '"process"' '"comm": *"victim"'
holds "no error" no_event '"kind": *"error"'
is "nothing is refused by mistake" "$(grep -a -c 'MSR .*: #GP' "$work/log")" 0
holds "nothing is lost" no_event '"kind": *"lost"'
if need_module corner; then
	is "writes to watched registers" "$(result writes)" "5 faults, 0 wrong values"
	holds "each that is done is an event, with its values" \
		event 'written: CR0 10, CR4 10, EFER 10, GDTR 10, IDTR 10, MSR 0x176 10; wrong 0'
fi
