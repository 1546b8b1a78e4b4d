#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which lines of vmm/, boot/, engine/ and tools/ the unit tests and the fuzzers' seeds execute: a
# table by folder, then the files with the least of it. Wants what `make coverage` has built.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${B:-build/coverage}

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

# One stream of "count:line:text", with the source's name as line 0.
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
	!wanted || $1 == "-" || $2 == 0 { next }
	{
		key = source ":" $2
		if (!(key in hit)) {
			hit[key] = 0
			lines[source]++
		}
		if ($1 !~ /^[#=]/ && !hit[key]) {
			hit[key] = 1
			run[source]++
		}
	}
	END {
		for (source in lines)
			print source, lines[source], run[source] + 0
	}' | sort >"$build/files"

echo
echo "| folder | files | lines | executed | |"
echo "|---|--:|--:|--:|--:|"
awk '{
	folder = $1
	sub(/\/[^\/]*$/, "", folder)
	files[folder]++; lines[folder] += $2; run[folder] += $3
	all_files++; all += $2; all_run += $3
}
END {
	for (f in files)
		printf "| %s | %d | %d | %d | %d %% |\n", f, files[f], lines[f], run[f], 100 * run[f] / lines[f] | "sort"
	close("sort")
	if (all)
		printf "| all of these | %d | %d | %d | %d %% |\n", all_files, all, all_run, 100 * all_run / all
}' "$build/files"
echo
echo "Least of it:"
awk '$2 >= 20 { printf "%3d %% of %4d lines  %s\n", 100 * $3 / $2, $2, $1 }' "$build/files" | sort -n | head -n 8
echo
echo "Not linked into any of the programs, so without a figure:"
git ls-files 'vmm/*.c' 'boot/*.c' 'engine/*.c' 'tools/*.c' | while read -r file; do
	grep -q "^$file " "$build/files" || printf ' %s' "$file"
done
echo
exit $failed
