# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The guest without signatures: its kernel has nothing to warn of that it has not on QEMU alone.

warnings()
{
	sed -n '/^result messages begin/,/^result messages end/p' "$work/console" |
		grep -v '^result' | sed 's/0x[0-9a-f]*/X/g; s/[0-9][0-9]*/N/g' | sort -u
}

# by counted instructions, not by the clock: on a busy machine, the kernel warns of odd timers
# shellcheck disable=SC2086
boot_script messages --plain -- $counted
is "exit code, plain" "$code" 0
warnings >"$work/plain"
plain_memory=$(result memory)
# shellcheck disable=SC2086
boot_script messages -- $counted
is "exit code" "$code" 0
holds "ran to its end" test -n "$(result end)"
warnings >"$work/ours"
new=$(comm -13 "$work/plain" "$work/ours")
if [ -n "$(result messages)" ] && [ -z "$new" ]; then
	ok "no new warning"
else
	fail "no new warning" "$new"
fi
memory=$(result memory)
taken=$(((${plain_memory:-0} - ${memory:-0}) / 1024))
holds "memory taken: $taken MB, at most 64" test "$taken" -le 64

# commas and spaces, in paths and in the command line
mkdir "$work/a folder, with all"
cp "$kernel" "$work/a folder, with all/vm linuz,x"
cp "$initramfs" "$work/a folder, with all/init rd,,y"
echo 'print("it is, I")' >"$work/a folder, with all/my signature, one.lua"
boot --kernel "$work/a folder, with all/vm linuz,x" --initrd "$work/a folder, with all/init rd,,y" \
	--signature "$work/a folder, with all/my signature, one.lua" \
	--append 'quiet panic=-1 x=1,2,,3  y="a b" lvtest=cmdline'
is "exit code, commas and spaces" "$code" 0
is "command line" "$(result cmdline)" 'quiet panic=-1 x=1,2,,3  y="a b" lvtest=cmdline console=ttyS0'
holds "signature with a comma" event 'it is, I'

limit=60
boot --kernel "$kernel" --initrd "$initramfs" --append "quiet lvtest=endless" --timeout 10
is "time-out" "$code" 124

boot_script messages -- -cpu EPYC,-svm
is "CPU without SVM, exit code" "$code" 1
holds "CPU without SVM, message" grep -q "cannot run this guest: .*SVM" "$work/messages"
boot_script messages -- -cpu qemu64,-svm
is "CPU that lacks more, exit code" "$code" 1
holds "CPU that lacks more, message" grep -q "cannot run this guest: " "$work/messages"
