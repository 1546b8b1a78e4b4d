# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What the kernel says of itself, to be compared with what was found from below.

result release "$(uname -r)"
result symbols "$(grep -c -v '\]$' /proc/kallsyms)"
names="_text _etext linux_banner entry_SYSCALL_64 init_task sys_call_table init_top_pgt
	security_file_open do_exit asm_exc_page_fault page_offset_base fixed_percpu_data
	current_task pcpu_hot jiffies _end"
# once through the table: it takes minutes in Bochs
grep -E " ($(echo $names | tr ' ' '|'))\$" /proc/kallsyms >/tmp/symbols
for name in $names; do
	result "symbol.$name" "$(sed -n "s/^\([0-9a-f]*\) [A-Za-z] $name\$/\1/p" /tmp/symbols | head -n 1)"
done
result la57 "$(grep -c -w la57 /proc/cpuinfo)"
# MemTotal too: what the case asked for is what the kernel has
result memory "$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)"
calls getppid 200
calls getpriority 1
calls getppid 1
