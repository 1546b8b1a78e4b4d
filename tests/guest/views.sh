# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# For the cases "views": what /proc says of a workload and what the views say of it are the same lines.

kinds="process thread map mount file socket held module syscall gate"

# compare WHAT FILE: one check a kind of lines; FILE has records with what the views say.
compare()
{
	grep '"kind": *"print"' "$2" | sed -n 's/.*"message": *"\([^"]*\)".*/\1/p' |
		sed 's/\\n/\n/g' >"$work/said"
	# Of several tries, the last one.
	if grep -q '^try ' "$work/said"; then
		sed -n "/^try $(result try)\$/,/^end $(result try)\$/p" "$work/said" >"$work/last"
		mv "$work/last" "$work/said"
	fi
	is "$1: all is said, and nothing else" \
		"$(grep -v -e '^view ' -e '^try ' -e '^end ' "$work/said")" ""
	if grep -q '"kind": *"error"' "$2"; then
		fail "$1: no error" "$(grep -m 1 '"kind": *"error"' "$2" | head -c 600)"
	fi
	for kind in $kinds; do
		sed -n "s/^view \($kind .*\)/\1/p" "$work/console" | sort >"$work/oracle.$kind"
		sed -n "s/^view \($kind .*\)/\1/p" "$work/said" | sort >"$work/views.$kind"
		count=$(wc -l <"$work/oracle.$kind")
		if [ "$count" -eq 0 ] && [ "$kind" = module ] && [ ! -s "$work/views.$kind" ]; then
			echo "skip $case $1: there is no module for this kernel"
		elif [ "$count" -eq 0 ]; then
			fail "$1: $kind" "not a line of /proc"
		elif diff "$work/oracle.$kind" "$work/views.$kind" >"$work/diff.$kind"; then
			ok "$1: $kind, $count lines"
		else
			fail "$1: $kind" "$(grep -c '^[<>]' "$work/diff.$kind") differ:" \
				"$(head -c 600 "$work/diff.$kind")"
		fi
	done
}

# views KERNEL WHAT PARAMETERS [LVISOR-ARGUMENT...]: live, and where dump.lua is among the arguments
# on the dump that this makes while the workload stands still.
views()
{
	boot_kernel=$1 what=$2 parameters=$3
	shift 3
	mkdir -p "$work/dumps"
	cp "$initramfs" "$work/initramfs"
	if tests/guest/kernel_modules.sh "$boot_kernel" "$work/modules" 2>"$work/modules.messages"; then
		cat "$work/modules" >>"$work/initramfs"
	else
		echo "skip $case $what, modules: $(tail -n 1 "$work/modules.messages")"
	fi
	boot --kernel "$boot_kernel" --initrd "$work/initramfs" \
		--append "quiet panic=-1 lvtest=views $parameters" \
		--vmm budget=5000 --signature "$here/signatures/views/views.lua" "$@"
	is "$what: the workload stood still" "$(result code)" 0
	compare "$what" "$work/events"
	dump=$work/dumps/views-$(result try).core
	[ -s "$dump" ] || return
	"$lvisor" scan --json --signature "$here/signatures/views/views.lua" "$dump" \
		>"$work/scanned" 2>"$work/scan.messages"
	is "$what, dump: exit code" $? 0
	compare "$what, dump" "$work/scanned"
	rm -f "$work"/dumps/*
}
