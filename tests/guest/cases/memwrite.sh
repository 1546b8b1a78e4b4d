# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# memwrite to a process on another processor that gives its pages back meanwhile: none of the bytes
# get into a frame that is somebody else's by then. To huge pages, and to pages that userfaultfd
# watches: the bytes are there, or all is as before, and the counts say which. Also from
# cases-long/evasion.sh.

# Processors have to run at the same time. CPU 0 runs no handler: docs/testing.md, QEMU's fault.
boot_script memwrite --cpus 2 --tcg multi --vmm budget=10000 \
	--signature "$here/signatures/memwrite"
is "exit code" "$code" 0
holds "nothing went wrong" no_event '"kind": *"\(error\|restart\|lost\)"'

for name in mapping file place process; do
	is "$name: words in foreign memory" "$(result foreign.$name)" 0
	is "$name: rounds" "$(result rounds.$name)" 150
done
holds "each byte is accounted for" event "writes [1-9][0-9]*, written [1-9][0-9]*, .*, wrong 0, "

all_new()
{
	is "$1: bytes" "$(result "$1")" "new $2 old 0 zeros 0"
}
all_new thp.shared 9000
is "thp: the parent's page is as it was" "$(result thp.parent)" "new 0 old 2097152 zeros 0"
all_new thp.own 9000
if [ -n "$(result hugetlb.own)" ]; then
	all_new hugetlb.shared 9000
	is "hugetlb: the parent's page is as it was" "$(result hugetlb.parent)" \
		"new 0 old 2097152 zeros 0"
	all_new hugetlb.own 524288
	holds "hugetlb: said to be written" event "size 524288: written 524288, skipped 0, end"
else
	fail "hugetlb: there are no huge pages"
fi
all_new uffd.wp 4096
is "uffd.wp: what its handler would have to allow is not done" "$(result uffd.wp.shared)" \
	"new 0 old 4096 zeros 0"
all_new uffd.missing 4096
all_new uffd.missing.shared 4096
holds "uffd.missing: absent pages are skipped" event "size 8192: written 0, skipped 8192, end"
