# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A whole Debian with LVisor below and without: the same program comes out of the compiler, and the
# kernel has the same to say, but for what is known.

# What the kernel has said, without numbers and what user space has written to its log.
messages()
{
	sed -n '/^result messages begin/,/^result messages end/p' "$work/results" |
		grep -vE '^result|^systemd|^audit: ' |
		sed 's/0x[0-9a-f]*/X/g; s/[0-9][0-9]*/N/g' | sort -u
}

# how the clock comes out depends on the minute, and these lines on that
clock='tsc: |clocksource: |hrtimer: interrupt took|perf: interrupt took|sched_clock: |Calibrating delay|calibrate_delay_direct'

limit=500
for flavour in cloud generic; do
	need_disk || break
	boot_disk machine virtio --cpus 2 --plain --
	at_work "$flavour, plain"
	messages >"$work/plain.messages"
	program=$(result program)
	boot_disk machine virtio --cpus 2 --
	at_work "$flavour"
	is "$flavour: the same program is compiled" "$(result program)" "$program"
	messages >"$work/our.messages"
	differ=$(diff "$work/plain.messages" "$work/our.messages" | grep '^[<>]' |
		grep -vE "^[<>] ($clock)")
	is "$flavour: the kernel says the same" "$differ" ""
	rm -rf "$work/tests" "$work/deb"
done
