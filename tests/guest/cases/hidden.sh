# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# lvmon.hidden(): what is taken out of the kernel's lists, by a module or by the signature itself, is
# named; what is not hidden is not; and it is told once.

cpus=2
boot --cpus $cpus --kernel "$kernel" --initrd "$initramfs" --signature "$here/signatures/hidden" \
	--append "quiet panic=-1 no_timer_check lvtest=hidden"
victim=$(result victim)
is "exit code" "$code" 0
holds "nothing is hidden" event 'look 1: 0 hidden, complete true'
holds "a process, by memwrite" event \
	"memwrite: process $victim (sleep) is hidden: seen in .*, missing from task list\""
holds "put back" event 'put back: 0 hidden, complete true'
if need_module hiding "by a module"; then
	is "the process is in ps still, the module not in /proc/modules" \
		"$(result ps), $(result lsmod)" "1, 0"
	holds "a process, by a module" event \
		"look 2: process $victim (sleep) is hidden: seen in pid allocator.*missing from task list\""
	holds "a module that is not in the list" event \
		'look 2: module hiding is hidden: seen in /sys/module, module tree, module memory, missing from module list"'
	holds "these two" event 'look 2: 2 hidden, complete true'
	holds "a module that is not in /sys/module" event \
		'look 3: module hiding is hidden: .*missing from /sys/module"'
	holds "that one" event 'look 3: 1 hidden, complete true'
	holds "a module that is in neither" event \
		'look 4: module hiding is hidden: .*missing from module list, /sys/module"'
	holds "and nothing when it is gone" event 'look 5: 0 hidden, complete true'
	holds "code of a module that is nowhere any more, by the thread that runs it" event \
		"look 6: code that kernel thread $(result thread) (lvsleeper) leads to is hidden: seen in kernel threads, missing from code of kernel and modules\""
	holds "that alone" event 'look 6: 1 hidden, complete true'
	holds "and not when the module is listed" event 'look 7: 0 hidden, complete true'
	holds "nor when both are gone" event 'look 8: 0 hidden, complete true'
fi
is "nothing to complain" "$(result complaints)" 0
holds "no error" no_event '"kind": *"error"'
