# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The paper's signature, as it stands, against programs that try to get past it: with memory of odd
# shapes and sizes, and by each way in which a program can start another one. The one with the mark
# never does; its twin without it does, and gives the signature no trouble. Also from
# cases-long/evasion.sh.

# shellcheck disable=SC2086
boot_script evasion ${machine:-} --signature signatures/paper.lua
is "exit code" "$code" 0
holds "all modes ran" test -n "$(result end)"
for mode in $(sed -n 's/^result \(.*\)\.bad .*/\1/p' "$work/console"); do
	holds "$mode: never starts the other program: $(result $mode.bad)" \
		test "$(result $mode.bad | cut -d ' ' -f 1)" = stopped
	is "$mode: its twin does" "$(result $mode.benign)" "started 42"
done
holds "no pause" no_event '"kind": *"cooldown"'
holds "no error, no strike" no_event '"kind": *"error"'
holds "no restart" no_event '"kind": *"restart"'
holds "nothing is lost" no_event '"kind": *"lost"'
