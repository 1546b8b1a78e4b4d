# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Views against their oracle: what /proc says of a workload and what the views say of it are the same
# lines, without one difference, on more than one kernel.

# The lines of the signature's last try.
view_lines()
{
	grep '"kind": *"print"' "$work/events" |
		sed -n 's/.*"message": *"\([^"]*\)".*/\1/p' | sed 's/\\n/\n/g' |
		sed -n "/^try $1\$/,/^end $1\$/p"
}

# compare NAME: one check a kind of lines.
compare()
{
	sed -n 's/^view //p' "$work/console" | sort >"$work/oracle"
	try=$(result try)
	view_lines "$try" >"$work/lines"
	sed -n 's/^view //p' "$work/lines" | sort >"$work/views"
	is "$1: the workload stood still" "$(result code)" 0
	is "$1: nothing else was said" "$(grep -v -e '^view ' -e '^try ' -e '^end ' "$work/lines")" ""
	holds "$1: no error" no_event '"kind": *"error"'
	for kind in process thread map mount; do
		grep "^$kind " "$work/oracle" >"$work/oracle.$kind"
		grep "^$kind " "$work/views" >"$work/views.$kind"
		count=$(wc -l <"$work/oracle.$kind")
		if [ "$count" -lt 20 ]; then
			fail "$1: $kind" "only $count lines of /proc"
		elif diff "$work/oracle.$kind" "$work/views.$kind" >"$work/diff.$kind"; then
			ok "$1: $kind, $count lines"
		else
			fail "$1: $kind" "$(grep -c '^[<>]' "$work/diff.$kind") of $count lines differ:" \
				"$(head -c 600 "$work/diff.$kind")"
		fi
	done
}

# views KERNEL NAME
views()
{
	boot --kernel "$1" --initrd "$initramfs" --append "quiet panic=-1 lvtest=views" \
		--signature "$here/signatures/views"
	compare "$2"
}

views "$kernel" 6.1
if other=$("$here/kernels.sh" "$build/guest" 6.12 cloud 2>"$work/other"); then
	views "$other" 6.12
else
	echo "skip $case: $(tail -n 1 "$work/other")"
fi
