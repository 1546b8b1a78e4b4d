#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measurements of the engine on plain Linux, on the memory dump of a guest with 300 processes: prints a
# table in Markdown; docs/performance.md holds one.
#
#	bench/native.sh [DUMP]		keeps the dump as DUMP, or takes it when it is there
#	KERNEL=vmlinuz bench/native.sh	of another kernel
#
# The dump is made by QEMU's monitor, which also says the registers. Times are the engine's processor
# time, or the best of five runs of a whole program, because the machine may be busy with other things.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

build=${B:-build}
kernel=${KERNEL:-$build/guest/vmlinuz}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dump=${1:-$work/dump}
memory=1024

# The guest says "result crowd" when all is there.
make_dump()
{
	mkfifo "$work/monitor"
	timeout -k 10 600 qemu-system-x86_64 -M pc -m $memory -cpu EPYC -display none -nic none -no-reboot \
		-serial "file:$work/console" -monitor stdio -kernel "$kernel" \
		-initrd "$build/guest/initramfs.gz" -append "quiet console=ttyS0 panic=-1 rdinit=/bin/crowd" \
		<"$work/monitor" >"$work/registers" 2>&1 &
	qemu=$!
	exec 3>"$work/monitor"
	tries=0
	until grep -q '^result crowd' "$work/console" 2>/dev/null; do
		sleep 1
		tries=$((tries + 1))
		if [ $tries -gt 500 ] || ! kill -0 $qemu 2>/dev/null; then
			echo "native: the guest did not come up" >&2
			exit 1
		fi
	done
	sleep 2
	printf 'stop\ninfo registers\npmemsave 0 %d "%s"\nquit\n' $((memory << 20)) "$dump" >&3
	exec 3>&-
	wait $qemu
	# RIP is in the kernel: the guest is idle.
	tr -d '\r' <"$work/registers" | sed -n '
		s/.*RIP=\([0-9a-f]*\).*/rip=0x\1/p
		s/.*CR3=\([0-9a-f]*\) CR4=\([0-9a-f]*\).*/cr3=0x\1 cr4=0x\2/p' >"$dump.registers"
}

# best COMMAND...: milliseconds of the best of five runs.
best()
{
	for _ in 1 2 3 4 5; do
		start=$(date +%s%N)
		"$@" >/dev/null 2>"$work/messages" || {
			cat "$work/messages" >&2
			exit 1
		}
		echo $((($(date +%s%N) - start) / 100000))
	done | sort -n | head -n 1 | sed 's/\(.\)$/.\1/; s/^\./0./'
}

[ -s "$dump" ] && [ -s "$dump.registers" ] || make_dump
echo 'local _ = lvmon' >"$work/empty.lua"
with=$(best "$build/lvisor" scan --registers "$dump.registers" --signature "$work/empty.lua" "$dump")
without=$(best "$build/lvisor" scan --signature "$work/empty.lua" "$dump")
list=$(best "$build/lvisor" ps --registers "$dump.registers" "$dump")
"$build/lvisor" scan --json --registers "$dump.registers" --signature bench/signatures/native.lua "$dump" \
	>"$work/records" || exit 1
grep '"kind": *"error"' "$work/records" >&2 && exit 1

value()
{
	sed -n "s/.*\"message\": *\"$1 \([0-9]*\)\".*/\1/p" "$work/records" | head -n 1
}

# thousandths VALUE: with three decimals.
thousandths()
{
	awk "BEGIN { printf \"%.3f\", $1 / 1000 }"
}

cat <<END
| what | measured | goal |
|---|---|---|
| $(sed -n 's/.*"message": *"\(Linux [^"]*\)".*/\1/p' "$work/records" | head -n 1) | | |
| whole program: discovery with registers, $memory MB | $with ms | 150 ms |
| whole program: discovery without registers, $memory MB | $without ms | 1,000 ms a GB |
| whole program: discovery and list of processes | $list ms | – |
| lvmon.processes(), $(value processes) processes | $(thousandths $(($(value list) / 1000))) ms | 1 ms |
| for p in lvmon.processes(), with pid and comm of each | $(thousandths $(($(value loop) / 1000))) ms | – |
| lvmon.processes():table(), all columns | $(thousandths $(($(value tables) / 1000))) ms | – |
| p:maps() of all, $(value mapped) mappings, with permissions and path of each | $(thousandths $(($(value maps) / 1000))) ms | – |
| typed member, task.pid | $(value member) ns | 150 ns |
| task.real_cred.uid.val | $(value deep) ns | – |
| p:find, $(value searched) MB of one process, rare bytes | $(thousandths "$(value search.rare)") GB/s | 1 GB/s |
| the same, text of zeros | $(thousandths "$(value search.zeros)") GB/s | 1 GB/s |
| the same, text of frequent letters | $(thousandths "$(value search.text)") GB/s | 1 GB/s |
| the same, a pattern that begins with a class | $(thousandths "$(value search.class)") GB/s | – |
END
