# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Calls that a signature denies: by itself, because its time was up, because the engine died in it,
# and in the pause after that. The other signature sees each of them.

# denied HOOK ERRNO REASON
denied()
{
	holds "$1 is denied in a record ($3)" event '"kind": *"denied"' "\"hook\": *\"$1\"" \
		"\"errno\": *$2[,}]" "\"reason\": *\"$3\"" '"comm": *"calls"'
}

# The pause of ten seconds must not be over before the calls in it.
# shellcheck disable=SC2086
boot_script deny --signature "$here/signatures/deny" -- $counted
is "exit code" "$code" 0
is "denied by the signature" "$(result umask)" "13 13"
is "time was up, goes on" "$(result getppid)" 0
is "time was up, denied" "$(result getsid)" 1
is "the engine died, denied" "$(result getpriority)" 1
is "in the pause" "$(result pause)" "1 0"
denied umask 13 signature
denied getsid 1 time
denied getsid 1 cooldown
holds "the engine's death is denied in a record" event '"kind": *"denied"' '"reason": *"restart"' \
	'"signature": *"deny.lua"' '"comm": *"calls"'
is "denials" "$(grep -c '"kind": *"denied"' "$work/events")" 5
holds "the other one's counters outlive the engine" event '"counters 8"'
for call in umask:2 getppid:1 getsid:2 getpriority:1 getpgid:1; do
	is "${call%:*} is seen" "$(grep -c "\"seen ${call%:*}\"" "$work/events")" "${call#*:}"
done
