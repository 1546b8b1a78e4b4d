#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the fuzzers one after another, each from its seeds.
#
#	tests/fuzz/run.sh check [RUNS]		a few thousand runs each, with a fixed random seed:
#						one line "ok fuzz: NAME" or "FAIL fuzz: NAME" each
#	tests/fuzz/run.sh search [SECONDS]	search for SECONDS each, on from what earlier searches
#						found; the last line is the totals
#
# FUZZ="elf ustar" chooses. An input that fails is kept in build/fuzz/failed.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/../.." || exit 1

mode=$1
amount=${2:-}
build=${B:-build}/fuzz
failed=0 runs_all=0 count=0
mkdir -p "$build/failed"

# The arguments of both modes. Recursion and lists may be deep under ASan; memory must not grow.
common="-timeout=25 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1"

for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	[ -z "${FUZZ:-}" ] || case " $FUZZ " in *" $name "*) ;; *) continue ;; esac
	program=$build/fuzz_$name
	if [ ! -x "$program" ]; then
		echo "skip fuzz: $name: not built, there is no clang with libFuzzer"
		continue
	fi
	seeds=$build/seeds/$name
	log=$build/$name.log
	rm -rf "$seeds"
	mkdir -p "$seeds"
	count=$((count + 1))
	case $mode in
	check)
		# shellcheck disable=SC2086
		"$program" --seeds="$seeds" >"$log" 2>&1 && timeout 1200 "$program" $common -seed=1 \
			-runs="${amount:-2000}" -artifact_prefix="$build/failed/$name-" "$seeds" >>"$log" 2>&1 </dev/null
		;;
	search)
		mkdir -p "$build/corpus/$name"
		# shellcheck disable=SC2086
		"$program" --seeds="$seeds" >"$log" 2>&1 && "$program" $common -max_total_time="${amount:-600}" \
			-artifact_prefix="$build/failed/$name-" "$build/corpus/$name" "$seeds" >>"$log" 2>&1 </dev/null
		;;
	*)
		echo "run.sh: no mode $mode" >&2
		exit 2
		;;
	esac
	status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
	runs=${runs:-0}
	places=$(sed -n 's/^#.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	runs_all=$((runs_all + runs))
	if [ $status -eq 0 ] && [ "$runs" -gt 0 ]; then
		echo "ok fuzz: $name ($runs runs, ${places:-0} places)"
	else
		echo "FAIL fuzz: $name ($runs runs, exit code $status)"
		tail -n 40 "$log" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done

[ "$mode" = search ] && echo "$count fuzzers, $runs_all runs, $failed failed"
[ $failed -eq 0 ]
