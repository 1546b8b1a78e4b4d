#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What typed pointers cost, natively on a memory dump of a running guest: a table in Markdown.
#
#	bench/types.sh [DUMP]		a raw dump; without one, of the test guest at its shell
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

build=${B:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Boots the test guest and ends it when its shell has been there for a while.
make_dump()
{
	timeout -k 10 120 qemu-system-x86_64 -M pc,memory-backend=ram -m 512 -cpu EPYC \
		-object "memory-backend-file,id=ram,size=512M,share=on,mem-path=$work/dump" \
		-display none -monitor none -nic none -no-reboot -serial "file:$work/console" \
		-kernel "$build/guest/vmlinuz" -initrd "$build/guest/initramfs.gz" \
		-append "console=ttyS0 quiet panic=-1" </dev/null >/dev/null 2>&1 &
	qemu=$!
	for _ in $(seq 100); do
		grep -q 'built-in shell' "$work/console" 2>/dev/null && break
		sleep 1
	done
	sleep 2
	kill $qemu 2>/dev/null
	wait $qemu 2>/dev/null
}

dump=${1:-$work/dump}
[ $# -gt 0 ] || make_dump
"$build/engine" --dump "$dump" --signature bench/signatures/types.lua >"$work/records" || {
	cat "$work/records" >&2
	exit 1
}
grep '"kind":"error"' "$work/records" >&2 && exit 1
echo "| typed pointers | time | |"
echo "|---|---|---|"
sed -n 's/.*"message":"row \(|[^"]*\)".*/\1 |/p' "$work/records"
