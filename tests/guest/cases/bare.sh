# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A kernel that is nothing but a test (tests/guest/bare/): what an instruction does to the machine is
# the same with a hook on it, under LVisor without one, and on the plain machine.

if ! tests/guest/bare/build.sh "$work/bin" >"$work/messages" 2>&1; then
	fail "it is built" "$(cat "$work/messages")"
	return
fi
cp "$lvisor" "$build/lvisor.bin" "$work/bin"
lvisor=$work/bin/lvisor

# bare NAME [LVISOR-ARGUMENT...]: what the kernel printed goes to $work/NAME
bare()
{
	name=$1
	shift
	boot --kernel "$work/bin/kernel" "$@"
	is "$name: exit code" "$code" 0
	is "$name: ran to its end" "$(tail -n 1 "$work/console")" end
	cp "$work/console" "$work/$name"
}

bare plain --plain
holds "there is something to compare" test "$(wc -l <"$work/plain")" -gt 400
bare unhooked
is "without hooks" "$(diff "$work/plain" "$work/unhooked")" ""
bare hooked --signature signatures/exec-log.lua
holds "hooks are there" grep -a "engine: hooks are made" "$work/log"
holds "all of them" test "$(grep -a -c "could not be made" "$work/log")" = 0
if [ "$vendor" = intel ] && [ "$accel" != kvm ]; then
	# Bochs 2.7 forgets STI's shadow at an exit by an exception: docs/testing.md
	for name in plain hooked; do
		sed -i '/^sti, plain:/d' "$work/$name"
	done
fi
is "with hooks" "$(diff "$work/plain" "$work/hooked")" ""
rm -r "${work:?}/bin"
