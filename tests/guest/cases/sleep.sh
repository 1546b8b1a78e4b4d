# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A machine that sleeps with its memory kept would be woken up by its firmware, without LVisor. With
# signatures, suspend and hibernation are refused to the process that asks (EPERM is 1); without
# them, suspend to RAM comes back at once. Writing the ports oneself helps no more.

boot_script sleep --cpus 2 --signature "$here/signatures/count/count.lua"
is "exit code" "$code" 0
is "suspend, hibernation" "$(result mem) $(result disk)" "1 1"
is "the same by /dev/snapshot" "$(result snapshot)" "1 1"
is "suspend by ports" "$(result ports)" 0
is "refusals of the engine's" "$(grep '"kind": *"refused"' "$work/events" | grep -c '"what"')" 4
holds "they name the process" event '"refused"' '"what": *"suspend"' '"process"' '"comm": *"power"'
is "refusals of the hypervisor's" "$(grep '"kind": *"refused"' "$work/events" | grep -vc '"what"')" 1
holds "calls are counted all the time" event 'filtered 100,'
is "LVisor is below" "$(result svm)" 0
is "processors" "$(result cpus)" 2
is "nothing to complain" "$(result complaints)" 0
holds "no error" no_event '"kind": *"error"'
holds "nothing is lost" no_event '"kind": *"lost"'

boot_script sleep --cpus 2
is "unwatched: exit code" "$code" 0
is "unwatched: suspend returns" "$(result mem)" 0
is "unwatched: refusals" "$(grep -c '"kind": *"refused"' "$work/events")" 3
is "unwatched: LVisor is below" "$(result svm)" 0
is "unwatched: processors" "$(result cpus)" 2
is "unwatched: nothing to complain" "$(result complaints)" 0
