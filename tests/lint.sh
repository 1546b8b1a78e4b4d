#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What other tools find in the sources: one line "ok lint: PART" or "FAIL lint: PART" each, a failed one with
# what was found below it.
#
#	tests/lint.sh [PART...]		clang, cppcheck, shellcheck, tidy; all where none is named
#
# B is the folder of build products. What is left out has its reason here, in .clang-tidy or in .shellcheckrc.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1
exec </dev/null

products=${B:-build}/lint
jobs=$(nproc)
unset MAKEFLAGS MFLAGS # this make is nobody's part
mkdir -p "$products" || exit 1

# objects ARGUMENT...: a make of all objects with clang, whose code nobody executes.
objects()
{
	make -s objects CC="clang -Werror" LTO= B="$products" "$@"
}

clang_warnings()
{
	objects 2>&1
}

# By folders that are compiled alike.
# comparePointers, subtractPointers (the newer name): the places that they are about are the linker's.
# ctuuninitvar: takes storing the address of what is filled later for its use.
cppcheck_findings()
{
	set -- --quiet --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -j "$jobs" \
		--suppress=comparePointers --suppress=subtractPointers --suppress=ctuuninitvar -I. -Iinclude
	cppcheck "$@" vmm boot 2>&1
	in_ring_0=$?
	cppcheck "$@" --library=posix,gnu -D_GNU_SOURCE engine tools 2>&1 && [ $in_ring_0 -eq 0 ]
}

# All that names a shell, by its ending or in its first line.
scripts()
{
	{
		git ls-files --cached --others --exclude-standard '*.sh'
		git grep -lE '^#!.*\<(sh|bash)$' -- ':!*.sh' ':!*.md'
	} | while read -r file; do
		[ -f "$file" ] && echo "$file"
	done
}

# Behind warnings come matters of taste.
shellcheck_findings()
{
	# shellcheck disable=SC2046
	shellcheck --severity=warning $(scripts) 2>&1
}

# It counts what it does not show on the standard error.
tidy_findings()
{
	objects -Bn | tools/compile_commands.sh >"$products/compile_commands.json"
	sed -n 's/.*"file": "\([^"]*\.c\)".*/\1/p' "$products/compile_commands.json" | sort -u >"$products/sources"
	if [ ! -s "$products/sources" ]; then
		echo "no source to look at"
		return 1
	fi
	xargs -n 4 -P "$jobs" clang-tidy --quiet -p "$products" --extra-arg-before=-includetests/lint_lua.h <"$products/sources" 2>"$products/messages" &&
		return 0
	grep -v -E '^[0-9]+ warnings? (and [0-9]+ errors? )?generated' "$products/messages"
	return 1
}

failed=0

# part NAME TOOL COMMAND
part()
{
	if found=$("$3") && command -v "$2" >/dev/null; then
		echo "ok lint: $1"
	else
		echo "FAIL lint: $1"
		echo "${found:-$2 is not there}" | sed 's/^/    /'
		failed=1
	fi
}

[ $# -gt 0 ] || set -- clang cppcheck shellcheck tidy
for part in "$@"; do
	case $part in
	clang) part "clang has no warnings" clang clang_warnings ;;
	cppcheck) part "cppcheck finds nothing" cppcheck cppcheck_findings ;;
	shellcheck) part "shellcheck finds nothing" shellcheck shellcheck_findings ;;
	tidy) part "clang-tidy finds nothing" clang-tidy tidy_findings ;;
	*)
		echo "lint.sh: no part $part" >&2
		exit 2
		;;
	esac
done
exit $failed
