# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# An engine that has been taken over attacks the hypervisor and never gives the CPU back: the guest
# runs on, unwatched.

mkdir "$work/bin"
cp "$lvisor" "$build/lvisor.bin" "$work/bin"
if ! gcc -nostdlib -static -no-pie -o "$work/bin/engine" "$here/engines/hostile.S" 2>"$work/messages"
then
	fail "hostile engine is built" "$(cat "$work/messages")"
else
	lvisor=$work/bin/lvisor
	boot_script count --signature signatures/exec-log.lua --vmm discovery=20
	is "exit code" "$code" 0
	is "calls return" "$(result calls)" 0
	is "no crash" "$(grep -c -a "crash record" "$work/log")" 0
	holds "its time is limited" grep -a "engine died: time is up" "$work/log"
	holds "no selector behind the GDT leads anywhere" \
		grep -a "engine: 0 selectors behind the GDT" "$work/log"
	is "no selector found" "$(grep -c -a "engine: 1 selector" "$work/log")" 0
	holds "the guest goes on unwatched" grep -a "runs unwatched" "$work/log"
	rm -r "${work:?}/bin"
fi
