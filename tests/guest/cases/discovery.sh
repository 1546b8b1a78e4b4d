# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Discovery on dumps: with registers and without, with damaged symbol tables, and without BTF.

other=$kernel
raw_dump --
discovery 6.1
if need_kernel 6.12 cloud; then
	raw_dump -- -cpu max,-cx16 # QEMU 7.2's cmpxchg16b can crash this kernel
	discovery "6.12, page tables of five levels"
fi

# names LINES: pid, parent, user and name, without those of which /proc tells more than the task has
names()
{
	grep -v -e kworker -e calls "$1" | awk '{ print $1, $2, $3, substr($4, 1, 15) }' | sort
}

# Below a guest: the kernel with one byte of its BTF changed.
if "$build/guest/without_btf" "$kernel" "$work/vmlinuz"; then
	boot --kernel "$work/vmlinuz" --initrd "$initramfs" --signature "$here/signatures/inferred" \
		--append "quiet panic=-1 lvtest=inferred"
	is "without BTF: exit code" "$code" 0
	holds "without BTF: it is said" event '"kind": *"warning"' "cannot be read: .*mappings" '"inferred": *12'
	holds "without BTF: a hook with a filter sees each call" \
		event "seen 200, all true, by calls: calls getpriority 1, end"
	holds "without BTF: what cannot be read says why" event "maps: .*no BTF.* end"
	holds "without BTF: no error" no_event '"kind": *"\(error\|lost\)"'
	result process >"$work/proc.lines"
	sed -n 's/.*"process \([^"]*\) end".*/\1/p' "$work/events" >"$work/our.lines"
	holds "without BTF: there are processes" test "$(wc -l <"$work/our.lines")" -gt 20
	is "without BTF: the processes that /proc has" "$(names "$work/our.lines")" "$(names "$work/proc.lines")"
else
	echo "skip $case: without BTF: this kernel's image cannot be changed (it is compressed neither by LZ4 nor by Zstandard)"
fi
