# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# tools/gdb/lvisor.py on a guest that starts: exits, vCPU, VMCB, a function of the engine, the event
# ring. At last gdb spoils an instruction of the hypervisor: lvisor crash says where it was.

if [ "$vendor" = intel ]; then
	echo "skip $case: Bochs has no gdb stub here, and a VMCS cannot be looked at"
	return
fi

socket=$work/gdb.socket
script=$PWD/tools/gdb/lvisor.py

# The reader of the ring, from its start on: else it may be faster than gdb.
reader()
{
	pgrep -f "^$lvisor run .*$socket"
}

debug()
{
	soon test -S "$socket"
	timeout 240 gdb -nx -batch -x "$script" -ex "lvisor cpu" -ex "lvisor attach $socket" -ex "lvisor cpu" \
		-ex "lvisor stop" -ex "lvisor cpu" -ex "lvisor vmcb" -ex "lvisor exits 3" \
		-ex "lvisor engine dispatch_loop" -ex "continue" -ex "backtrace 3" -ex "lvisor cpu" \
		-ex "shell kill -STOP $(reader)" -ex "lvisor stop" -ex "lvisor ring" -ex "shell kill -CONT $(reader)" \
		-ex "tbreak vcpu_handle_exit" -ex "continue" -ex 'set *(unsigned short *) $rip = 0x0b0f' \
		-ex "detach" >"$work/gdb" 2>&1
}

# said PATTERN...: gdb has said all these, in this order.
said()
{
	awk 'BEGIN { n = ARGC - 1; for (i = 1; i <= n; i++) { wanted[i] = ARGV[i]; ARGV[i] = "" } at = 1 }
		at <= n && $0 ~ wanted[at] { at++ }
		END { exit at <= n }' "$@" <"$work/gdb"
}

LVISOR_BUILD=$build
export LVISOR_BUILD
debug &
debugger=$!
boot_script count --cpus 2 --signature "$here/signatures/count" -- -S -gdb "unix:path=$socket,server=on,wait=off"
wait $debugger

holds "nothing before it is attached" said "not attached"
holds "symbols, and a CPU that is not in the vmm" said "^symbols of .*lvisor.elf.*engine$" "^CPU 0 is in the guest" \
	"this CPU is in the guest; lvisor stop"
holds "it stops at an exit" said "^exit: CPU 0 CPUID .72. rip "
holds "this CPU and its vCPU" said "^CPU 0 of 2, APIC id 0, in the vmm" "AMD SVM, step STEP_NONE" "pending: " "rip  *[0-9a-f]* "
holds "the VMCB by names" said "^VMCB at .*last exit CPUID" "exit_code  *72$" "cs.attributes " "cr0  *80000031" "rip  *[0-9a-f]*$"
is "exits, a line each" "$(grep -c "^exit: CPU" "$work/gdb")" 5
holds "a function of the engine" said "hit Breakpoint.*dispatch_loop" "^#1 .*engine/main.c:" "^CPU 0 of 2, .*in the domain"
holds "events that nobody has read" said "^ring at .*written" '"kind": *"kernel"' "^[1-9][0-9]* records pending"

is "the hypervisor crashes" "$code" 1
holds "and it is said what explains that" grep "LVisor crashed; lvisor crash .*log explains" "$work/messages"
"$lvisor" crash "$work/log" >"$work/console" 2>"$work/messages"
is "the record is explained" "$?" 0
holds "exception and CPU" grep -A 4 "exception 6 in the hypervisor" "$work/console"
holds "CPU" grep "APIC id [01]$" "$work/console"
holds "function, file and line" grep "^    at .*svm_exit+0x.* at .*vmm/.*\.c:[1-9]" "$work/console"
holds "what was inlined" grep "in vcpu_handle_exit(), inlined" "$work/console"
holds "the caller" grep "^    from .*svm_loop+0x.* at .*entry.S:[1-9]" "$work/console"
sed 's/^build ../build 00/' "$work/log" >"$work/other"
grep -q "^build 00" "$work/other" || sed -i 's/^build ../build 11/' "$work/other"
"$lvisor" crash "$work/other" >"$work/console" 2>"$work/messages"
is "of another build it is not" "$?" 1
holds "which is said" grep "written by build .*is build" "$work/messages"
