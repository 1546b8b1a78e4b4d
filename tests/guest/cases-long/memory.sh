# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Little memory, memory above 4 GB, and page tables of five levels: introspection, counting and the
# paper's program work in each.

sizes()
{
	sizes_of=$1
	shift
	boot_script vendor --signature "$here/signatures/count/count.lua" \
		--signature "$here/signatures/memory/memory.lua" \
		--signature "$here/signatures/count/registers.lua" --signature signatures/paper.lua "$@"
	is "$sizes_of: exit code" "$code" 0
	is "$sizes_of: calls return" "$(result calls)" 0
	holds "$sizes_of: calls are counted" event 'filtered 1000,'
	is "$sizes_of: all registers are kept" "$(result registers)" 0
	is "$sizes_of: malicious process" "$(result malicious)" 139
	is "$sizes_of: benign processes" "$(result benign) $(result again)" "42 42"
	holds "$sizes_of: processes are listed" event 'found itself true'
	holds "$sizes_of: memory is all there" event "$mb MB, top $top, behind it true absent 16,"
	holds "$sizes_of: no error" no_event '"kind": *"error"'
	holds "$sizes_of: nothing is reported as unwatched" no_event '"kind": *"memory"'
	holds "$sizes_of: nothing is lost" no_event '"kind": *"lost"'
}

# 56 MB are the hypervisor's; the firmware takes some KB.
mb=199 top=255
sizes "256 MB" --memory 256
mb=8135 top=9215
sizes "8 GB" --memory 8192
mb=967 top=1023
sizes "five levels" -- -cpu max,+svm,+npt
is "five levels: they are in use" "$(result la57)" 1
mb=8135 top=9215
sizes "five levels, 8 GB, 2 processors" --memory 8192 --cpus 2 -- -cpu max,+svm,+npt
