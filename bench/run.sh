#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measurements of a guest in QEMU with counted instructions: exact, and the same on every machine.
# Prints a table in Markdown; docs/performance.md holds one.
#
# With -icount shift=0 one instruction takes one nanosecond of the guest's time, and -seed makes
# random numbers repeat, so two runs give the same figures.
set -u
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

plain=$(value plain getppid)
cat <<EOF
| what | plain QEMU | LVisor | difference |
|---|---|---|---|
| boot to init, instructions | $(value plain boot) | $(value lvisor boot) | $(ratio "$(value lvisor boot)" "$(value plain boot)") times |
| boot to init with a signature | $(value plain boot) | $(value empty boot) | $(ratio "$(value empty boot)" "$(value plain boot)") times |
| getppid, not hooked, instructions | $plain | $(value lvisor getppid) | +$(($(value lvisor getppid) - plain)) |
| getppid, hooked, rejected by the filter on comm | $plain | $(value filtered getppid) | +$(($(value filtered getppid) - plain)) |
| getppid, hooked, empty Lua handler | $plain | $(value empty getppid) | +$(($(value empty getppid) - plain)) |
| CPUID, instructions | $(value plain cpuid) | $(value lvisor cpuid) | +$(($(value lvisor cpuid) - $(value plain cpuid))) |
| memory of a 1 GB guest, kB | $(value plain memory) | $(value lvisor memory) | $(($(value plain memory) - $(value lvisor memory))) taken |

Size of the hypervisor's image: $(($(stat -c %s "$build/lvisor.bin") / 1024)) kB, of the engine: $(($(stat -c %s "$build/engine") / 1024)) kB.
EOF
