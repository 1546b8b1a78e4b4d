#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the sources promise of themselves, checked: one line "ok NAME" or "FAIL NAME" a rule, with the
# places below. Formatting is only reported; `make style` shows it.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/.." || exit 1
exec </dev/null

# Lines of code each folder of the hypervisor may have; a folder without a row counts
# as part of the one above. Before you raise a budget, ask whether the code has to run in ring 0.
BUDGETS='
vmm 3300
vmm/x86 1700
vmm/svm 850
vmm/vmx 1400
vmm/monitor 1800
vmm/monitor/nic 900
vmm/domain 1200
vmm/iommu 900
boot 2000
'
VMM_FLAGS="-std=gnu11 -ffreestanding -mgeneral-regs-only -I. -Iinclude"
HOST_FLAGS="-std=gnu11 -D_GNU_SOURCE -I. -Iinclude -I/usr/include/lua5.4"

failed=0

# sources PATTERN...: files in the work tree that are, or could be, in the repository.
sources()
{
	git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
		[ -f "$file" ] && echo "$file"
	done | sort -u
}

# code FILE...: without comments and blank lines.
code()
{
	for file in "$@"; do
		gcc -fpreprocessed -dD -E -P -x c "$file" 2>/dev/null
	done | grep -v '^[[:space:]]*$'
}

# rule NAME COMMAND: ok when the command finds nothing.
rule()
{
	found=$($2)
	if [ -z "$found" ]; then
		echo "ok style: $1"
	else
		echo "FAIL style: $1"
		echo "$found" | sed 's/^/    /'
		failed=1
	fi
}

# includes_other ALLOWED FILE...: project headers that are included and do not begin with ALLOWED.
includes_other()
{
	allowed=$1
	shift
	grep -nHE '^#include[[:space:]]+["<](vmm|boot|engine|tools|tests|lvisor)/' "$@" |
		grep -vE "^[^:]*:[0-9]+:#include[[:space:]]+[\"<]($allowed)/"
}

no_spdx()
{
	sources '*.c' '*.h' '*.S' '*.sh' '*.lua' '*.lds' Makefile | while read -r file; do
		# Signatures are as users write them.
		case $file in signatures/* | */signatures/*) continue ;; esac
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
	done
}

not_alone()
{
	sources 'include/*.h' 'vmm/*.h' 'boot/*.h' 'engine/*.h' 'tools/*.h' | while read -r file; do
		case $file in
		vmm/* | boot/* | include/*) flags=$VMM_FLAGS ;;
		*) flags=$HOST_FLAGS ;;
		esac
		# shellcheck disable=SC2086
		echo "#include \"$file\"" | gcc $flags -fsyntax-only -Werror -x c - 2>&1 |
			grep -q . && echo "$file"
	done
}

unknown_neighbours()
{
	# shellcheck disable=SC2046
	{
		includes_other 'lvisor' $(sources 'include/*.h')
		includes_other 'vmm|lvisor' $(sources 'vmm/*.[chS]')
		includes_other 'boot|vmm|lvisor' $(sources 'boot/*.[chS]')
		includes_other 'engine|lvisor' $(sources 'engine/*.[ch]')
		includes_other 'tools|engine|lvisor' $(sources 'tools/*.[ch]')
		grep -nH '^#include.*vmm/svm/' $(sources 'vmm/*.[chS]') | grep -v '^vmm/svm/'
		grep -nH '^#include.*vmm/vmx/' $(sources 'vmm/*.[chS]') | grep -v '^vmm/vmx/'
		grep -nH '^#include.*domain/\(internal\|space\|elf\)' $(sources 'vmm/*.[chS]') |
			grep -v '^vmm/domain/'
		grep -nH '^#include.*monitor/internal' $(sources 'vmm/*.[chS]') |
			grep -v '^vmm/monitor/'
	}
}

# vendor_word WORD FOLDER: where code outside of the vendor's folder has the word.
vendor_word()
{
	for file in $(sources 'vmm/*.[ch]' 'boot/*.[ch]'); do
		case $file in "$2"/*) continue ;; esac
		code "$file" | grep -qiw "$1" && echo "$file: $1"
	done
}

vendor_words()
{
	vendor_word vmcb vmm/svm
	vendor_word vmcs vmm/vmx
}

# in_folder FOLDER: the sources that count against its budget.
in_folder()
{
	sources "$1/*.[chS]" ':!vmm/vmx/check.c' | while read -r file; do
		folder=${file%/*}
		while ! echo "$BUDGETS" | grep -q "^$folder "; do
			folder=${folder%/*}
		done
		[ "$folder" = "$1" ] && echo "$file"
	done
}

# vmx/check.c is in debug images only.
too_many_lines()
{
	echo "$BUDGETS" | while read -r folder most; do
		[ -d "${folder:-none}" ] || continue
		# shellcheck disable=SC2046
		lines=$(code $(in_folder "$folder") | wc -l)
		[ "$lines" -le "$most" ] || echo "$folder: $lines lines, its budget is $most"
	done
}

rule "each source names its licence" no_spdx
rule "each header compiles alone" not_alone
rule "no folder knows more than its neighbours" unknown_neighbours
rule "what is AMD's or Intel's stays in its folder" vendor_words
rule "each folder of the hypervisor stays within its budget of lines" too_many_lines

if command -v clang-format >/dev/null; then
	# shellcheck disable=SC2046
	differ=$(for file in $(sources 'vmm/*.[ch]' 'boot/*.[ch]' 'include/*.h'); do
		clang-format --dry-run --Werror "$file" >/dev/null 2>&1 || echo "$file"
	done | wc -l)
	echo "    formatting: $differ files of vmm/, boot/ and include/ differ (make style)"
fi
exit $failed
