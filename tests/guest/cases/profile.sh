# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A kernel without BTF, and a profile in its place (Volatility's ISF): all that is read of a dump is what is read
# with the kernel's own BTF. The dump is of a guest, the profile is made of its BTF, which is then spoilt.

tool=$build/guest/isf_of_dump

# look NAME [ARGUMENT...]: what the signature says of the dump, in $work/NAME
look()
{
	name=$1
	shift
	"$lvisor" scan --json --signature "$here/signatures/profile/profile.lua" "$@" "$work/machine.core" \
		2>"$work/$name.messages" | sed -n 's/.*"message": *"\(.*\)".*/\1/p' | grep -v '^Linux ' >"$work/$name"
	code=$?
}

boot --memory 256 --dumps "$work" --kernel "$kernel" --initrd "$initramfs" \
	--signature "$here/signatures/profile" --vmm budget=2000 --append "quiet panic=-1 lvtest=search"
is "exit code" "$code" 0
holds "there is a dump" test -s "$work/machine.core"
look own
holds "it is read: $(wc -l <"$work/own") lines" test "$(wc -l <"$work/own")" -gt 50
holds "the text is found in it" grep -q -x -F "$(result border)" "$work/own"

holds "a profile is made of it" "$tool" "$work/machine.core" "$work/profile.json"
"$lvisor" ps "$work/machine.core" >"$work/without" 2>"$work/without.messages"
holds "without BTF it says what is missing" grep -q 'no BTF' "$work/without.messages"
look profile --profile "$work/profile.json"
holds "with the profile it says the same" cmp "$work/own" "$work/profile"
gzip -9 <"$work/profile.json" >"$work/profile.json.gz"
look compressed --profile "$work/profile.json.gz"
holds "compressed, too" cmp "$work/own" "$work/compressed"

# One of another kernel: its banner says so.
sed 's/"constant_data":"[^"]*"/"constant_data":"TGludXggdmVyc2lvbiA0LjE5IG90aGVyCgA="/' \
	<"$work/profile.json" >"$work/other.json"
refuse scan --profile "$work/other.json" "$work/machine.core"
refused "another kernel's is refused" "profile is of another kernel: 'Linux version 4.19 other', this one is 'Linux version "
sed 's/"constant_data":"[^"]*"/"constant_data":""/; s/\("comm":{"type":{"kind":"array","count":16,"subtype":{"kind":"base","name":"char"}},"offset":\)[0-9]*/\18/' \
	<"$work/profile.json" >"$work/moved.json"
refuse scan --profile "$work/moved.json" "$work/machine.core"
refused "one that does not fit is refused" "does not find the first task"
head -c 100000 "$work/profile.json" >"$work/half.json"
refuse scan --profile "$work/half.json" "$work/machine.core"
refused "half a profile is refused" "profile .*half.json: line"
refuse run --kernel "$kernel" --signature "$here/signatures/profile" --profile "$work/half.json"
refused "also before a guest is started" "profile .*half.json: line"

# Below a guest: the same kernel with one byte of its BTF changed.
if "$build/guest/without_btf" "$kernel" "$work/vmlinuz"; then
	boot --kernel "$work/vmlinuz" --initrd "$initramfs" --signature "$here/signatures/search" \
		--profile "$work/profile.json.gz" --vmm budget=2000 --append "quiet panic=-1 lvtest=search"
	is "live: exit code" "$code" 0
	holds "live: the text is found at its address" event "found border $(result border) end"
	holds "live: pages are as pagemap has them" event "pages $(result pages) end"
	holds "live: nothing is missing" no_event '"kind": *"\(error\|warning\|lost\)"'
	boot --kernel "$work/vmlinuz" --initrd "$initramfs" --signature "$here/signatures/search" \
		--profile "$work/other.json" --append "quiet panic=-1 lvtest=search"
	is "live, another kernel's: the guest goes on" "$code $(result code)" "0 0"
	holds "live, another kernel's: it is refused" event '"kind": *"error"' \
		"profile is of another kernel: 'Linux version 4.19 other', this one is "
else
	echo "skip $case: live: this kernel's image cannot be changed (it is compressed neither by LZ4 nor by Zstandard)"
fi
