# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# More events than the ring holds: each of the 12,000 is either there or counted as lost, and time
# limits are told, not silent.

boot_script flood --vmm budget=5000 --signature "$here/signatures/flood"
is "exit code" "$code" 0
is "calls return" "$(result flood)" 0
seen=$(grep -c '"kind": *"print"' "$work/events")
lost=$(sed -n 's/.*"kind": *"lost".*"count": *\([0-9]*\).*/\1/p' "$work/events" |
	awk '{ sum += $1 } END { print sum + 0 }')
if event '"kind": *"error"'; then
	fail "no error" "$(grep -m 1 '"kind": *"error"' "$work/events")"
else
	is "seen and lost ($lost)" $((seen + lost)) 12000
fi

# The same with a reader that sleeps until the guest has done it all.
mkfifo "$work/fifo"
{
	soon grep -q "^result end" "$work/console.raw"
	cat
} <"$work/fifo" >"$work/late" &
boot_script flood --vmm budget=5000 --signature "$here/signatures/flood" --events "$work/fifo"
wait $!
is "exit code, slow reader" "$code" 0
mv "$work/late" "$work/events"
seen=$(grep -c '"kind": *"print"' "$work/events")
lost=$(sed -n 's/.*"kind": *"lost".*"count": *\([0-9]*\).*/\1/p' "$work/events" |
	awk '{ sum += $1 } END { print sum + 0 }')
is "seen and lost, slow reader" $((seen + lost)) 12000
holds "something was lost" test "$lost" -gt 0
is "no alert is lost in the flood" "$(grep -c '"kind": *"alert"' "$work/events")" 10

# A signature that is too slow three times pauses: each call is an error, or told as missed.
boot_script flood --signature "$here/signatures/pauses"
handled=$(grep '"signature": *"slow.lua"' "$work/events" | grep -c '"kind": *"error"')
paused=$(sed -n 's/.*"kind": *"lost".*"calls": *\([0-9]*\).*/\1/p' "$work/events" |
	awk '{ sum += $1 } END { print sum + 0 }')
is "calls of a signature that pauses, handled ($handled) and told" $((handled + paused)) 1000
