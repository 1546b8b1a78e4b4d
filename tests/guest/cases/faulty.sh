# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Faulty signatures: each is reported with its file and line, the good one goes on, the guest
# finishes its work and its clocks are right.

boot_script faulty --signature "$here/signatures/faulty"
is "exit code" "$code" 0
is "calls return, loops" "$(result getsid)" 0
is "calls return, spread" "$(result getpgid)" 0
is "calls return, last" "$(result getpriority)" 0

while read -r name line; do
	# either the script's own error, or the word that the killed engine left behind
	if event "$name.lua" "\"file\": *\"$name.lua\"" "\"line\": *${line}[,}]" ||
		event "$name.lua" "\"where\": *\"$name.lua:$line\""; then
		ok "$name.lua is reported, line $line"
	else
		fail "$name.lua is reported, line $line" "$(grep -e "$name" "$work/events")"
	fi
done <"$here/signatures/faulty/lines.txt"
holds "the good signature counts on" event '"signature": *"good.lua"' 'counted 20'
holds "nothing is lost" no_event '"kind": *"lost"'

set -- $(result start) $(result end)
if [ $# -eq 4 ]; then
	host=$((end_time - start_time))
	# in Bochs, time goes by instructions
	[ "$vendor" = intel ] || holds "time of day at the end" test "$3" -ge $((start_time - 2)) -a "$3" -le $((end_time + 2))
	day=$(($3 - $1))
	up=$((${4%%.*} - ${2%%.*}))
	holds "both clocks agree ($day s, $up s)" test $((day - up)) -ge -2 -a $((day - up)) -le 2
	[ "$vendor" = intel ] || holds "and with the host ($host s)" test "$day" -le $((host + 2))
else
	fail "time of day" "no start and end on the console"
fi
