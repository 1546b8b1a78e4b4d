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

# What the kernel says of its clocks depends on how busy the machine was in that moment: these lines
# come and go from run to run, in plain QEMU too.
clock='tsc: |clocksource: |hrtimer: interrupt took|perf: interrupt took|sched_clock: |Calibrating delay'
clock="$clock|calibrate_delay_direct| *Probably due to long platform interrupts"
clock="$clock|APIC calibration not consistent with PM-Timer|APIC delta adjusted to PM-Timer"
clock="$clock|hpet: Lost N RTC interrupts"

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
