# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Fifty boots in a row with two processors and a signature: each is a good one.

good=0
while [ $good -lt 50 ]; do
	boot --cpus 2 --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/cpus" \
		--append "quiet panic=-1 no_timer_check lvtest=cpus pinned=100"
	[ "$code" -eq 0 ] && [ "$(result cpus) $(result again)" = "2 2" ] &&
		event 'all 200, cpu0=100, cpu1=100, end' && no_event '"kind": *"error"' &&
		[ "$(result complaints)" = 0 ] || break
	good=$((good + 1))
done
is "good boots in a row" $good 50
