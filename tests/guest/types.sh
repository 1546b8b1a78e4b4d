# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# For the cases "types": a boot in which typed pointers are compared with the views and with /proc.

# types KERNEL WHAT
types()
{
	what=$2
	boot --kernel "$1" --initrd "$initramfs" --append "quiet panic=-1 lvtest=types" --cpus 2 \
		--vmm budget=10000 --signature "$here/signatures/types"
	is "$what: exit code" "$code" 0
	is "$what: calls return" "$(result calls)" 0
	holds "$what: all processes agree" event '"message":"processes agree"'
	holds "$what: so does the kernel's list" event '"message":"list agrees"'
	holds "$what: children" event '"message":"children 20"'
	holds "$what: the current task, by its CPU" event '"message":"current agrees"'
	holds "$what: no CPU behind the last" event "\"message\":\"cpus $(result cpus)" 'false' \
		"there is no CPU $(result cpus)"
	holds "$what: offsets in a declaration" event '"message":"typeof agrees"'
	holds "$what: enumerators by name" event '"message":"enum SYSTEM_RUNNING [0-9]"'
	holds "$what: strings in structures" event "\"message\":\"release $(result release)\""
	holds "$what: variables without a type in BTF" event "\"message\":\"modprobe $(result modprobe)\""
	holds "$what: container_of" event '"message":"container init"'
	holds "$what: a member's other name" event '"message":"renamed true"'
	holds "$what: a process's memory" event '"message":"argv calls"'
	holds "$what: near names" event 'no member' 'did you mean comm'
	# the test modules are those of one kernel
	if [ "$1" = "$kernel" ] && need_module ramdisk "$what: a module's symbol"; then
		holds "$what: a module's symbol" event "\"message\":\"symbol $(result symbol)" \
			'ram_submit+0x1 \[ramdisk\]' 'true.tnil'
		holds "$what: the list of modules" event '"message":"module ramdisk MODULE_STATE_LIVE"'
	fi
	holds "$what: to the end" event '"message":"end"'
	holds "$what: no error" no_event '"kind": *"error"'
	holds "$what: nothing is lost" no_event '"kind": *"lost"'
}
