#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs test suites and sums up: tests/check.sh unit|fuzz|guest|intel|intel-all|long|debian|lint|style|scripts...
# intel: the tests that say most on the vendor that "guest" does not have.
# One test of a suite: unit:test_NAME, fuzz:NAME, guest:CASE, long:CASE (tests/find.sh finds them).
# Each test is one line "ok NAME", "FAIL NAME" or "skip NAME", perhaps with indented lines behind it. At the
# end all that failed comes once more, then what was skipped, then "N passed, N failed, N skipped" (the last
# only if something was).
# Exit code 0 only if something passed and nothing failed.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

results=$(mktemp)
trap 'rm -f "$results"' EXIT

# unit PROGRAM...: cmocka's standard output, one line a test; a program that dies is a failure of its own.
unit()
{
	for program in "$@"; do
		[ -x "$program" ] && [ -f "$program" ] || continue
		name=$(basename "$program")
		[ -f "tests/unit/$name.c" ] || continue
		output=$(timeout 300 "$program" 2>&1 </dev/null)
		status=$?
		echo "$output" | sed -n \
			-e "s/^\[       OK \] \(.*\)/ok $name: \1/p" \
			-e "s/^\[  FAILED  \] \([^:]*\)$/FAIL $name: \1/p" \
			-e "s/^\[  SKIPPED \] \([^:]*\)$/skip $name: \1/p" |
			grep -v 'test(s)' | awk '!seen[$0]++'
		if [ $status -ne 0 ]; then
			echo "$output" | grep -q "^\[  FAILED  \]" ||
				echo "FAIL $name (exit code $status)"
			echo "$output" | tail -n 40 | sed 's/^/    /'
		fi
	done
}

for suite in "$@"; do
	case $suite in
	unit)
		unit "${B:-build}"/unit/test_*
		tests/style.sh
		tests/scripts.sh
		;;
	unit:*) unit "${B:-build}/unit/${suite#*:}" ;;
	style) tests/style.sh ;;
	scripts) tests/scripts.sh ;;
	lint) tests/lint.sh clang cppcheck shellcheck tidy ;;
	fuzz) tests/fuzz/run.sh check ;;
	fuzz:*) FUZZ=${suite#*:} tests/fuzz/run.sh check ;;
	guest | long) tests/guest/run.sh "$suite" ;;
	guest:* | long:*) tests/guest/run.sh "${suite%%:*}" "${suite#*:}" ;;
	intel) VENDOR=intel tests/guest/run.sh guest vendor cpus ;;
	debian) tests/debian.sh ;;
	intel-all) VENDOR=intel tests/guest/run.sh guest ;;
	*)
		echo "check.sh: no suite $suite" >&2
		exit 2
		;;
	esac | tee -a "$results"
done

passed=$(grep -c '^ok ' "$results")
failed=$(grep -c '^FAIL ' "$results")
skipped=$(grep -c '^skip ' "$results")
if [ "$failed" -gt 0 ]; then
	printf '\nThese failed:\n'
	sed -n '/^FAIL /,/^[^F ]/{/^FAIL /p;/^ /p}' "$results"
fi
if [ "$skipped" -gt 0 ]; then
	printf '\nThese were skipped:\n'
	sed -n 's/^skip /    /p' "$results"
fi
echo
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
