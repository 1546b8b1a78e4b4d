# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A machine that sleeps with its memory kept would be woken up by its firmware, without LVisor. With
# signatures, suspend and hibernation are refused to the process that asks (EPERM is 1); without
# them, suspend to RAM comes back at once. Writing the ports oneself helps no more, nor moving them
# first: PCI configuration that leads there, to SMRAM or to the memory map is not written.

# kept LINES PMBASE.1.3 PMBASE.1F.0 REGISTER...: what PCI configuration reads as afterwards.
kept()
{
	lines=$1
	shift
	is "$machine: registers stay" "$(result pmbase.1.3) $(result pmbase.1f.0) $(result pam) $(result smram) $(
		result pciexbar) $(result rcba)" "$*"
	is "$machine: a write to PCI configuration that nobody minds" "$(result line | cut -c 7-)" 07
	is "$machine: suspend by ports that were moved" "$(result moved)" 0
	is "$machine: nothing woke up elsewhere" "$(result escaped)" ""
	is "$machine: A20 stays on" "$(result a20)" 2
	is "$machine: refused writes to PCI configuration" \
		"$(grep '"kind": *"refused"' "$work/events" | grep -c 'PCI configuration')" "$lines"
}

boot_script sleep --cpus 2 --signature "$here/signatures/count/count.lua"
is "exit code" "$code" 0
is "suspend, hibernation" "$(result mem) $(result disk)" "1 1"
is "the same by /dev/snapshot" "$(result snapshot)" "1 1"
is "suspend by ports" "$(result ports)" 0
is "refusals of the engine's" "$(grep '"kind": *"refused"' "$work/events" | grep -c '"what"')" 4
holds "they name the process" event '"refused"' '"what": *"suspend"' '"process"' '"comm": *"power"'
is "refusals of the hypervisor's" "$(grep '"kind": *"refused"' "$work/events" | grep -c '"sleep that')" 1
machine=pc kept 8 00000601 ffffffff 11111000 00000000 00120000 00000000 00000000 ffffffff
holds "calls are counted all the time" event 'filtered 100,'
is "LVisor is below" "$(result svm)" 0
is "processors" "$(result cpus)" 2
is "nothing to complain" "$(result complaints)" 0
holds "no error" no_event '"kind": *"error"'
holds "nothing is lost" no_event '"kind": *"lost"'

# iomem=relaxed: Linux lets nobody have the memory of PCI configuration otherwise
boot_script sleep --cpus 2 --append "quiet panic=-1 no_timer_check iomem=relaxed lvtest=sleep" -- \
	-M q35,memory-backend=ram
machine=q35 kept 14 ffffffff 00000601 00000000 11111110 00000000 00381200 b0000001 fed1c001
is "the same registers by memory" "$(result ecam)" \
	"00000601 11111110 00381200 b0000001 b0000001 fed1c001"
is "a write by memory that nobody minds" "$(result ecamline)" "00000009 00000009"
is "unwatched: exit code" "$code" 0
is "unwatched: suspend returns" "$(result mem)" 0
is "unwatched: refusals" "$(grep '"kind": *"refused"' "$work/events" | grep -c '"sleep that')" 3
is "unwatched: LVisor is below" "$(result svm)" 0
is "unwatched: processors" "$(result cpus)" 2
is "unwatched: nothing to complain" "$(result complaints)" 0
