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
vmm 2550
vmm/guest 1510
vmm/x86 1600
vmm/svm 980
vmm/vmx 1400
vmm/monitor 1800
vmm/monitor/nic 900
vmm/domain 1200
vmm/iommu 900
boot 2000
'

# Who may include whom: a folder, then the folders (or single headers, without .h) it may include
# beside its own. Arrows point downwards only: a row names nothing that names it.
NEIGHBOURS='
include/lvisor lvisor
vmm/x86 vmm/types vmm/string vmm/log vmm/memory vmm/time vmm/boot_info
vmm/guest vmm vmm/x86 lvisor
vmm/svm vmm vmm/guest vmm/x86
vmm/vmx vmm vmm/guest vmm/x86
vmm/domain vmm vmm/guest vmm/x86
vmm/monitor vmm vmm/guest vmm/x86 vmm/domain lvisor
vmm vmm/guest vmm/x86 vmm/domain vmm/monitor lvisor
boot vmm vmm/x86
engine/libelf
engine/linux engine/backend
engine/base
engine/linux/types engine/linux engine/base
engine/linux/find engine/linux
engine/linux/process engine/linux
engine/linux/hidden engine/linux engine/linux/types
engine/scan engine/linux
engine/profile engine/linux
engine/signature engine/base engine/engine engine/linux
engine/dump engine/signature engine/engine engine/backend engine/linux engine/linux/process
engine/events engine/signature engine/scan engine/base engine/engine engine/backend engine/linux lvisor
engine/lua engine/events engine/dump engine/scan engine/signature engine/base engine/engine engine/linux engine/linux/types engine/linux/process engine/linux/hidden
engine/offline engine/lua engine/events engine/dump engine/profile engine/signature engine/base engine/engine engine/linux
engine engine/offline engine/lua engine/events engine/dump engine/signature lvisor
tools engine/offline/report lvisor
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

# Each line: what, a space and the header that it includes.
includes()
{
	# shellcheck disable=SC2046
	grep -HoE '^#include[[:space:]]+["<](vmm|boot|engine|tools|tests|lvisor)/[^">]+' \
		$(sources 'include/*.h' 'vmm/*.[chS]' 'boot/*.[chS]' 'engine/*.[ch]' 'tools/*.[ch]') |
		sed 's/:#include[[:space:]]*["<]/ /'
}

unknown_neighbours()
{
	includes | awk -v table="$NEIGHBOURS" '
		function folder(path) { sub("/[^/]*$", "", path); return path }
		BEGIN {
			rows = split(table, row, "\n")
			for (i = 1; i <= rows; i++) {
				n = split(row[i], word, " ")
				known[word[1]]
				for (j = 2; j <= n; j++)
					may[word[1] " " word[j]]
			}
		}
		{
			from = folder($1)
			header = $2
			sub("\\.h$", "", header)
			if (!(from in known))
				print from ": has no row in NEIGHBOURS"
			else if (folder($2) != from && !(from " " folder($2) in may) && !(from " " header in may))
				print $1 ": includes " $2
		}' | sort -u
}

# One file of the vmm knows the private headers of another folder: none does.
private_headers()
{
	includes | awk '{ name = $2; sub(".*/", "", name) }
		$2 ~ "^vmm/domain/(internal|space|elf).h$" && $1 !~ "^vmm/domain/" { print $1 ": includes " $2 }
		$2 == "vmm/monitor/internal.h" && $1 !~ "^vmm/monitor/" { print $1 ": includes " $2 }'
}

# Folders with sources that the page for newcomers does not name.
unnamed_folders()
{
	sources 'include/*.h' 'vmm/*.[chS]' 'boot/*.[chS]' 'engine/*.[ch]' 'tools/*.[ch]' |
		sed 's|/[^/]*$||' | sort -u | while read -r folder; do
		grep -q "\`$folder/" docs/architecture.md || echo "docs/architecture.md does not name $folder/"
	done
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
rule "no folder includes what is not its neighbour" unknown_neighbours
rule "private headers stay in their folders" private_headers
rule "docs/architecture.md names every folder" unnamed_folders
rule "what is AMD's or Intel's stays in its folder" vendor_words
rule "each folder of the hypervisor stays within its budget of lines" too_many_lines

# Versions of clang-format do not agree with each other: Debian 12's is the judge.
unformatted()
{
	# shellcheck disable=SC2046
	for file in $(sources '*.c' '*.h' ':!tests/guest/modules'); do
		clang-format --dry-run --Werror "$file" >/dev/null 2>&1 || echo "$file"
	done
}

case $(clang-format --version 2>/dev/null) in
*" version 14."*) rule "each C file is formatted (make format)" unformatted ;;
*) echo "    formatting: there is no clang-format 14 here to judge it" ;;
esac
exit $failed
