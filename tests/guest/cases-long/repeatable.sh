# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Two runs in Bochs with --repeatable are the same, tick for tick: the guest's own time-stamp counter
# says so, with hooks in between. And the hypervisor costs at most 1.02 times the ticks to init.

run_twice()
{
	boot --vendor intel --repeatable --kernel "$kernel" --initrd "$initramfs" --memory 512 \
		--append "quiet panic=-1 rdinit=/bin/measure mitigations=off no_timer_check nokaslr" "$@"
	grep '^result ' "$work/console" >"$work/ticks"
}

limit=300
run_twice --signature bench/signatures/empty.lua
is "exit code" "$code" 0
mv "$work/ticks" "$work/first"
run_twice --signature bench/signatures/empty.lua
is "the same ticks" "$(cat "$work/ticks")" "$(cat "$work/first")"
run_twice
with=$(result boot)
run_twice --plain
plain=$(result boot)
holds "boot in ticks: $with with, $plain without" \
	test $((with * 100)) -le $((plain * 102))
