# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Signatures that do their worst, each at a call of its own: each is named in a record, the one beside
# them sees every call, what they print cannot forge a record, and the guest does not notice.

hostile=$here/signatures/hostile
count=$(find "$hostile" -name '*.lua' ! -name good.lua | wc -l)
boot --kernel "$kernel" --initrd "$initramfs" --signature "$hostile" \
	--append "quiet panic=-1 lvtest=hostile_signatures hostile=$count"
is "exit code" "$code" 0
is "calls that failed" "$(result failed)" 0
for file in "$hostile"/*.lua; do
	name=$(basename "$file")
	[ "$name" = good.lua ] && continue
	number=$(sed -n 's/.*args\[2\] ~= \([0-9]*\).*/\1/p' "$file")
	holds "$name is named" event "\"signature\": *\"$name\"" \
		'"kind": *"\(error\|restart\|strike\|print\)"'
	is "$name: the good one sees the call" \
		"$(grep -c "\"message\": *\"good $number\"" "$work/events")" 1
done
holds "a recursion through buffers is an error" event '"kind": *"error"' '"signature": *"recursion_in_print.lua"' \
	'C stack overflow'
holds "which can be caught" event '"message": *"format ends: true"'
holds "and does not end the engine" no_event '"kind": *"restart".*recursion_in_print'
holds "no record is forged" no_event '"kind": *"forged"'
is "nor by the good one's name" \
	"$(grep '"kind": *"ready"' "$work/events" | grep -c '"signature"')" 0
is "no controls in the records" "$(tr -d '\n\040-\176\200-\377' <"$work/events" | wc -c)" 0
is "nor on the terminal" "$(tr -d '\n\t\040-\176\200-\377' <"$work/messages" | wc -c)" 0
