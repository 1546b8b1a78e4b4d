#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which lines of vmm/, boot/, engine/ and tools/ are executed by the unit tests and the fuzzers' seeds
# on the host (gcov), and which of vmm/, boot/ and engine/ by guests in QEMU: a table by folder, then
# the files with the least of it. Wants what `make coverage` has built.
#
# QEMU names each instruction that it translates for the first time (-d in_asm), and it translates
# what is about to be executed; the line table of the program says which lines those are. Only
# the addresses of the hypervisor and the engine are asked for. The engine is linked where no program
# of the guest's lies, and both are compiled so that code stays near its lines (-Og, no inlining,
# no LTO). What only runs with VT-x does not run in QEMU.
#
#	GUEST_CASES="count execve" make coverage	boots these only; "" none
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1
build=$(cd "${B:-build/coverage}" && pwd) || exit 1
cases=${GUEST_CASES-count execve faulty flood hostile hostile_kernel hostile_signatures kernel kexec
	privileged sleep cpus coexist exact deny pause hidden types search dump}

find "$build" -name '*.gcda' -delete
failed=0
for program in "$build"/unit/test_* "$build"/fuzz/replay_*; do
	[ -x "$program" ] && [ -f "$program" ] || continue
	timeout 600 "$program" >"$build/last.log" 2>&1 </dev/null || {
		echo "FAIL $(basename "$program")"
		tail -n 20 "$build/last.log"
		failed=1
	}
done

# The guests, by a qemu that is found before the real one.
traces=$build/traces
rm -rf "$traces"
mkdir -p "$traces"
qemu=$(command -v qemu-system-x86_64)
cat >"$traces/qemu-system-x86_64" <<END
#!/bin/sh
exec $qemu "\$@" -d in_asm -D $traces/in_asm.%d \
	-dfilter 0xffffffff80200000+0x100000,0x68000000+0x1000000
END
chmod +x "$traces/qemu-system-x86_64"
: >"$traces/executed"
for case in $cases; do
	PATH=$traces:$PATH B=$build limit=600 tests/guest/run.sh guest "$case" >"$build/last.log" 2>&1
	grep -E '^(FAIL|skip)' "$build/last.log" # said, but judged by make check
	cat "$traces"/in_asm.* 2>/dev/null | grep -oE '^0x[0-9a-f]+' | sort -u - "$traces/executed" \
		>"$traces/next"
	mv "$traces/next" "$traces/executed"
	rm -f "$traces"/in_asm.*
done

# lines PROGRAM: "file line executed" for each row of its line table.
lines()
{
	objdump -w --dwarf=decodedline "$1" 2>/dev/null | awk -v executed="$traces/executed" '
	BEGIN {
		while ((getline address <executed) > 0)
			seen[address] = 1
	}
	/^CU: / || (NF == 1 && /:(\[\+\+\])?$/) {
		source = $0
		sub(/:(\[\+\+\])?$/, "", source)
		sub(/^CU: /, "", source)
		sub(/^\.\//, "", source)
		next
	}
	$2 ~ /^[0-9]+$/ && $3 ~ /^0x/ && source ~ /^(vmm|boot|engine)\/.*\.[ch]$/ {
		print source, $2, ($3 in seen) ? 1 : 0
	}'
}

# "file line executed" of the host: one stream of "count:line:text", the source's name as line 0.
find "$build" -name '*.gcda' | while read -r data; do
	gcov --stdout --object-directory "$(dirname "$data")" "$data" 2>/dev/null
done | awk -F: '
	{ gsub(/ /, "", $1); gsub(/ /, "", $2) }
	$2 == 0 && $3 == "Source" {
		source = $4
		sub(/^\.\//, "", source)
		wanted = source ~ /^(vmm|boot|engine|tools)\//
		next
	}
	wanted && $1 != "-" && $2 != 0 { print source, $2, $1 ~ /^[#=]/ ? 0 : 1 }
	' >"$build/host"
{
	lines "$build/lvisor.elf"
	lines "$build/engine"
} >"$build/guests"

# What a line of code is, the host's compiler says, and the guests' only of files that it has not seen.
awk '
	FNR == 1 { part++ }
	part == 1 || !($1 in host) { known[$1 " " $2] = 1 }
	part == 1 { host[$1] = 1 }
	$3 { hit[part, $1 " " $2] = 1 }
	END {
		for (key in known) {
			split(key, place, " ")
			total[place[1]]++
			on_host[place[1]] += (1, key) in hit
			in_guests[place[1]] += (2, key) in hit
			either[place[1]] += (1, key) in hit || (2, key) in hit
			if (!((1, key) in hit) && !((2, key) in hit))
				print place[1] ":" place[2] >"/dev/stderr"
		}
		for (source in total)
			print source, total[source], on_host[source], in_guests[source], either[source]
	}' "$build/host" "$build/guests" 2>"$build/missed" | sort >"$build/files"
sort -t: -k1,1 -k2,2n -o "$build/missed" "$build/missed"

echo
echo "| folder | files | lines | host | guests | executed | |"
echo "|---|--:|--:|--:|--:|--:|--:|"
awk '
function row(name, files, lines, host, guests, run) {
	return sprintf("| %s | %d | %d | %d | %d | %d | %d %% |", name, files, lines, host, guests, run,
		       100 * run / lines)
}
{
	top = folder = $1
	sub(/\/[^\/]*$/, "", folder)
	sub(/\/.*/, "", top)
	for (i = 2; i <= 5; i++) {
		sum[folder, i] += $i
		whole[top, i] += $i
	}
	files[folder]++; all_files[top]++
}
END {
	for (f in files)
		print row(f, files[f], sum[f, 2], sum[f, 3], sum[f, 4], sum[f, 5]) | "sort"
	close("sort")
	for (t in all_files)
		print row("all of " t "/", all_files[t], whole[t, 2], whole[t, 3], whole[t, 4], whole[t, 5]) | "sort"
}' "$build/files"
echo
echo "Least of it (${B:-build/coverage}/missed has the lines):"
awk '$2 >= 20 { printf "%3d %% of %4d lines  %s\n", 100 * $5 / $2, $2, $1 }' "$build/files" | sort -n | head -n 12
echo
exit $failed
