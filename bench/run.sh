#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measurements of a guest in QEMU with counted instructions: exact, and the same on every machine.
# Prints a table in Markdown; docs/performance.md holds one.
#
# With -icount shift=0 one instruction takes one nanosecond of the guest's time, and -seed makes
# random numbers repeat, so two runs give the same figures.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

build=${B:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME [LVISOR-ARGUMENT...]
measure()
{
	name=$1
	shift
	timeout -k 10 400 "$build/lvisor" run --kernel "$build/guest/vmlinuz" \
		--initrd "$build/guest/initramfs.gz" \
		--append "quiet panic=-1 rdinit=/bin/measure" \
		--memory 1024 --timeout 360 --events "$work/$name.events" "$@" -- \
		-accel tcg,thread=single -icount shift=0,sleep=off -seed 7 \
		-rtc base=2024-01-01,clock=vm </dev/null >"$work/console" 2>"$work/messages"
	code=$?
	tr -d '\r' <"$work/console" | sed -n 's/^result //p' >"$work/$name"
	if [ $code -ne 0 ] || ! [ -s "$work/$name" ]; then
		echo "bench: the run '$name' failed (exit code $code):" >&2
		cat "$work/messages" >&2
		exit 1
	fi
	if grep '"kind": *"error"' "$work/$name.events" >&2; then
		echo "bench: the run '$name' reported errors" >&2
		exit 1
	fi
}

# value RUN NAME
value()
{
	sed -n "s/^$2 //p" "$work/$1"
}

# ratio A B
ratio()
{
	awk "BEGIN { printf \"%.3f\", $1 / $2 }"
}

measure plain --plain
measure lvisor
measure filtered --signature bench/signatures/filtered.lua
measure empty --signature bench/signatures/empty.lua

# microseconds of guest time are thousands of instructions
discovery=$(sed -n 's/.*"discovery_us": *\([0-9]*\).*/\1/p' "$work/empty.events")

# The memory of a guest that has powered off, as a dump.
dump()
{
	timeout -k 10 120 qemu-system-x86_64 -M pc,memory-backend=ram -m 1024 -cpu EPYC \
		-object "memory-backend-file,id=ram,size=1G,share=on,mem-path=$work/dump" \
		-display none -monitor none -serial none -nic none -no-reboot \
		-kernel "$build/guest/vmlinuz" -initrd "$build/guest/initramfs.gz" \
		-append "quiet panic=-1 rdinit=/bin/measure" </dev/null >/dev/null 2>&1
}

# The best of five, in milliseconds: the machine may be busy with other things.
native_discovery()
{
	for _ in 1 2 3 4 5; do
		start=$(date +%s%N)
		"$build/engine" --dump "$work/dump" >/dev/null || return
		echo $((($(date +%s%N) - start) / 1000000))
	done | sort -n | head -n 1
}

dump
native=$(native_discovery)

plain=$(value plain getppid)
cat <<EOF
| what | plain QEMU | LVisor | difference |
|---|---|---|---|
| boot to init, instructions | $(value plain boot) | $(value lvisor boot) | $(ratio "$(value lvisor boot)" "$(value plain boot)") times |
| boot to init with a signature | $(value plain boot) | $(value empty boot) | $(ratio "$(value empty boot)" "$(value plain boot)") times |
| getppid, not hooked, instructions | $plain | $(value lvisor getppid) | +$(($(value lvisor getppid) - plain)) |
| getppid, hooked, rejected by the filter on comm | $plain | $(value filtered getppid) | +$(($(value filtered getppid) - plain)) |
| getppid, hooked, empty Lua handler | $plain | $(value empty getppid) | +$(($(value empty getppid) - plain)) |
| discovery below the guest, thousands of instructions | - | $discovery | |
| discovery and process list on a 1 GB dump, without registers, natively, ms | - | $native | |
| CPUID, instructions | $(value plain cpuid) | $(value lvisor cpuid) | +$(($(value lvisor cpuid) - $(value plain cpuid))) |
| memory of a 1 GB guest, kB | $(value plain memory) | $(value lvisor memory) | $(($(value plain memory) - $(value lvisor memory))) taken |

Size of the hypervisor's image: $(($(stat -c %s "$build/lvisor.bin") / 1024)) kB, of the engine: $(($(stat -c %s "$build/engine") / 1024)) kB.
EOF
