# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# stress-ng on a whole Debian below which each open and each execve is hooked: each stressor ends as
# it does without LVisor, and the kernel complains of nothing new.

stressors()
{
	sed -n '/^result stress begin/,/^result stress end/p' "$work/results" |
		grep -E '^result [^ ]+ [0-9]+$'
}

# "opcode" makes the kernel report a bug now and then, without LVisor too: QEMU's far return reads a
# program's stack with the kernel's rights, and Linux takes that for a mistake of its own.
complaints()
{
	sed -n '/^result messages begin/,/^result messages end/p' "$work/results" |
		awk '/BUG: unable to handle/ { held = $0; next }
			held && /Comm:/ { if (!/stress-ng-opcod/) print held; held = "" }
			held && /Oops:/ { held = held "\n" $0; next }
			{ print }' |
		grep -E 'BUG:|WARNING:|Oops|Call Trace|lockup|stall|protection fault|Stale IRR|NMI received|Dazed|hung' |
		sed 's/^\[[^]]*\] //; s/0x[0-9a-f]*/X/g; s/[0-9][0-9]*/N/g' | sort -u
}

limit=3600
if need_disk; then
	boot_disk stress virtio --cpus 2 --memory 1024 --plain --
	is "exit code, plain" "$code" 0
	stressors >"$work/plain.stressors"
	complaints >"$work/plain.complaints"
	count=$(wc -l <"$work/plain.stressors")
	holds "$count stressors, at least 190" test "$count" -ge 190
	boot_disk stress virtio --cpus 2 --memory 1024 --signature "$here/signatures/opens" --
	is "exit code" "$code" 0
	stressors >"$work/our.stressors"
	is "each ends as in plain QEMU" \
		"$(diff "$work/plain.stressors" "$work/our.stressors" | grep '^[<>]')" ""
	complaints >"$work/our.complaints"
	is "no new complaint" "$(comm -13 "$work/plain.complaints" "$work/our.complaints")" ""
	holds "opened files are seen" event 'openat 20000 by'
	holds "no restart" no_event '"kind": *"restart"'
fi
