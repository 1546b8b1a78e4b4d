# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The guest's function tracer and kprobes on functions that LVisor watches: both see every call.

boot_script coexist --signature "$here/signatures/coexist" --vmm budget=5000
is "exit code" "$code" 0

# What the signature counted in the rounds, one a line, in the order of the script's calls of work.
sed -n 's/.*"message":"\(getsid [0-9, a-z]*\)".*/\1/p' "$work/events" >"$work/counts"
round=0
for name in alone function graph switched kprobe kretprobe exact inner together later_function \
	function_gone later_kprobe kprobe_gone later_exact exact_gone; do
	round=$((round + 1))
	sid=300 pgid=300
	case $name in
	switched) sid=600 ;; # 20 times 10 and 100 before
	later_exact) pgid=0 ;; # the kprobe was there first: the hook is refused
	esac
	is "$name: what the signature sees" "$(sed -n ${round}p "$work/counts")" \
		"getsid $sid, umask 300, getpgid $pgid"
	is "$name: calls return" "$(result calls_$name)" 0
done
for name in function graph kprobe kretprobe together_function later_function later_kprobe; do
	is "$name: what the tracer sees" "$(result seen_$name)" "300 300 300"
done
is "inner: what the tracer sees" "$(result seen_inner)" "300 0 0"
is "exact: a kprobe at the trap's own address is refused" "$(result exact_refused)" 1
is "later_exact: what the tracer sees" "$(result seen_later_exact)" 300
holds "later_exact: the signature hears of it" event '"kind": *"error"' 'could not be armed'
holds "no tracer of the kernel's is taken for one who leads calls away" no_event '"kind": *"warning"'
is "nothing to complain" "$(result complaints)" 0
