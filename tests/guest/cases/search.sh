# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A search of a process's whole memory: text over the border of pages, in pages that only the page
# cache has, in shared and protected ones; what is swapped out or missing is counted as pagemap does.

# found NAME: the signature found it where the program put it.
found()
{
	holds "$1 is found at its address" event "found $1 $(result "$1") end"
}

# The kernel has BTF: a profile is not needed, and does no harm.
echo '{"base_types":{"int":{"size":4,"signed":true,"kind":"int"}},
	"user_types":{"task_struct":{"size":8,"kind":"struct","fields":{}}}}' >"$work/profile.json"
boot --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/search" \
	--profile "$work/profile.json" --vmm budget=2000 --append "quiet panic=-1 lvtest=search"
is "exit code" "$code" 0
is "the program ends" "$(result code)" 0
for name in border cached reached none shared; do
	found "$name"
done
holds "a text whose end is missing is not found" event 'torn true end'
holds "pages are as pagemap has them: $(result pages)" event "pages $(result pages) end"
holds "nothing is unreadable, cached pages are told" event 'unreadable 0 device 0 cached true reason'
holds "a partial read takes the page cache" event 'absent 0, by page table nil end'
if need_module ramdisk swap; then
	is "there is a disk to swap to" "$(result swap)" yes
	holds "pages are swapped out" test "$(result pages | sed 's/.*swapped \([0-9]*\).*/\1/')" -ge 8
	holds "and said to be" event 'reason .*bytes are swapped out'
fi
# Three times: it may be gone already when the search begins.
holds "a process that ends meanwhile is said to have" \
	event 'ends: found nil complete false reason the process has ended or runs another program'
holds "nothing is found where it was" no_event 'ends: found [0-9]'
holds "no error" no_event '"kind": *"error"'
