#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finds tests by name, for `make test T=...`: prints KIND:NAME for each, as tests/check.sh takes it.
#
#	tests/find.sh NAME...
#
# NAME is a test's own name (test_vmm_smp, fuzz_walk, exact), a unit test's without test_, or
# KIND:NAME where a name alone means several. A name that is none is refused with those near it.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1

# All tests: KIND:NAME, and the other names that each has.
all()
{
	for file in tests/unit/test_*.c tests/fuzz/fuzz_*.c tests/guest/cases/*.sh tests/guest/cases-long/*.sh; do
		[ -f "$file" ] || continue
		name=${file##*/}
		name=${name%.*}
		case $file in
		tests/unit/*) echo "unit:$name $name ${name#test_} unit:${name#test_}" ;;
		tests/fuzz/*) echo "fuzz:${name#fuzz_} $name fuzz:$name" ;;
		tests/guest/cases/*) echo "guest:$name $name" ;;
		*) echo "long:$name $name" ;;
		esac
	done
	echo "style style"
	echo "scripts scripts"
}

# near NAME: names that have a word of it in them, or differ in few letters.
near()
{
	awk -v wanted="$1" '
	function least(a, b) { return a < b ? a : b }
	function distance(a, b,    i, j, row, corner, above) {
		for (j = 0; j <= length(b); j++)
			row[j] = j
		for (i = 1; i <= length(a); i++) {
			corner = row[0]
			row[0] = i
			for (j = 1; j <= length(b); j++) {
				above = row[j]
				row[j] = least(least(above, row[j - 1]) + 1,
					corner + (substr(a, i, 1) != substr(b, j, 1)))
				corner = above
			}
		}
		return row[length(b)]
	}
	BEGIN { sub(/^[a-z]*:/, "", wanted); sub(/^(test|fuzz)_/, "", wanted) }
	{
		for (i = 2; i <= NF; i++) {
			name = $i
			sub(/^(test|fuzz)_/, "", name)
			if ((length(wanted) > 2 && index(name, wanted)) ||
			    distance(name, wanted) <= length(wanted) / 3) {
				printf " %s", $1
				next
			}
		}
	}'
}

[ $# -gt 0 ] || {
	echo "which test? make test T=NAME, or several: T='NAME NAME'; for example T=vmm_smp, T=fuzz_walk, T=execve" >&2
	exit 1
}
tests=$(all)
bad=0
for name in "$@"; do
	found=$(echo "$tests" | awk -v name="$name" '{ for (i = 1; i <= NF; i++) if ($i == name) { print $1; next } }')
	case $(echo "$found" | wc -w) in
	1) echo "$found" ;;
	0)
		others=$(echo "$tests" | near "$name")
		echo "there is no test $name${others:+; near it:$others}" >&2
		bad=1
		;;
	*)
		# shellcheck disable=SC2086
		echo "$name is the name of several tests; say which:" $found >&2
		bad=1
		;;
	esac
done
exit $bad
