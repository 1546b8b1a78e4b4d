# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Typed pointers in a running guest: what they say of processes, the current task, variables and a
# module is what the views and /proc say.

boot_script types --cpus 2 --signature "$here/signatures/types"
is "exit code" "$code" 0
is "calls return" "$(result calls)" 0
holds "all processes agree" event '"message":"processes agree"'
holds "so does the kernel's list" event '"message":"list agrees"'
holds "children" event '"message":"children 20"'
holds "the current task, by its CPU" event '"message":"current agrees"'
holds "no CPU behind the last" event "\"message\":\"cpus $(result cpus)" 'false' \
	"there is no CPU $(result cpus)"
holds "offsets in a declaration" event '"message":"typeof agrees"'
holds "enumerators by name" event '"message":"enum SYSTEM_RUNNING [0-9]"'
holds "strings in structures" event "\"message\":\"release $(result release)\""
holds "variables without a type in BTF" event "\"message\":\"modprobe $(result modprobe)\""
holds "container_of" event '"message":"container init"'
holds "a member's other name" event '"message":"renamed true"'
holds "a process's memory" event '"message":"argv calls"'
holds "near names" event 'no member' 'did you mean comm'
if [ "$(result module)" = yes ]; then
	holds "a module's symbol" event "\"message\":\"symbol $(result symbol)" \
		'ram_submit+0x1 \[ramdisk\]' 'true.tnil'
	holds "the list of modules" event '"message":"module ramdisk MODULE_STATE_LIVE"'
fi
holds "to the end" event '"message":"end"'
holds "no error" no_event '"kind": *"error"'
holds "nothing is lost" no_event '"kind": *"lost"'
