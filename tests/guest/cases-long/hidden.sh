# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# lvmon.hidden() finds nothing in a guest where nothing is hidden: 100 looks with four processors on
# which processes, threads, modules and BPF programs come and go. And it finds a process on every
# kernel that Debian's suites have.

limit=600
boot --cpus 4 --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/hidden" \
	--vmm budget=1000 --append "quiet panic=-1 no_timer_check lvtest=hidden storm=200"
is "exit code" "$code" 0
holds "all is found before" event 'look 4: 1 hidden'
looks=$(grep -c '"message": *"look 0: 0 hidden' "$work/events")
complete=$(grep -c '"message": *"look 0: 0 hidden, complete true' "$work/events")
is "nothing is told that is not hidden" "$(grep -c '"message": *"look 0: [^0-9]' "$work/events")" 0
is "100 looks" "$looks" 100
# Where the machine is busy, a held processor may come too late for a look, which then says so.
holds "to the end: $complete of them" test "$complete" -ge 90
is "nothing to complain" "$(result complaints)" 0
holds "no error" no_event '"kind": *"error"'

for each in $(tests/guest/kernels.sh list | tr ' ' /); do
	need_kernel "${each%/*}" "${each#*/}" || continue
	boot --cpus 2 --kernel "$other" --initrd "$initramfs" --signature "$here/signatures/hidden" \
		--vmm budget=1000 --append "quiet panic=-1 no_timer_check lvtest=hidden"
	holds "$each: nothing is hidden" event 'look 1: 0 hidden, complete true'
	holds "$each: a process, by memwrite" event \
		"memwrite: process $(result victim) (sleep) is hidden: .*, missing from task list\""
	holds "$each: put back" event 'put back: 0 hidden, complete true'
	is "$each: nothing to complain" "$(result complaints)" 0
done
