# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The guest's own tracers on functions that are hooked: each sees every call, in either order of
# their coming. A round is 300 calls of each of three functions; the signature prints its counts.

mount -t tracefs trace /sys/kernel/tracing
mount -t debugfs debug /sys/kernel/debug
cd /sys/kernel/tracing || exit
echo 8192 >buffer_size_kb
functions="__x64_sys_getsid __x64_sys_umask __x64_sys_getpgid"

work()
{
	calls getsid 300 && calls umask 300 && calls getpgid 300
	result "calls_$1" $?
	calls getpriority 1 1
}

# While a tracer is in front of the traps, the hypervisor comes by all of them twice: it does at exits, at
# a sixteenth of the places ten times a second. Each program that starts has exits.
looked_at()
{
	looks=0
	while [ $looks -lt 40 ]; do
		calls getppid 1
		sleep 0.1
		looks=$((looks + 1))
	done
}

# The lines of the trace that have these words in this order, in the order of $functions.
seen()
{
	name=$1 pattern=$2
	counts=
	for f in $functions; do
		counts="$counts $(grep -c "calls.*$(echo "$pattern" | sed "s/FUNCTION/$f/")" trace)"
	done
	result "seen_$name" "${counts# }"
	echo >trace
}

filter()
{
	for f in $functions; do
		echo "$f" >>set_ftrace_filter
	done
}

# by_function TRACER PATTERN NAME
by_function()
{
	filter
	[ "$1" = function_graph ] && echo 1 >options/funcgraph-proc
	echo "$1" >current_tracer
	work "$3"
	seen "$3" "$2"
	[ "$1" = function ] && looked_at
}

untraced()
{
	echo nop >current_tracer
	echo >set_ftrace_filter
}

# probe_all TYPE OFFSET: the same kprobe in all functions
probe_all()
{
	for f in $functions; do
		echo "$1:$f $f$2" >>kprobe_events || result "refused_$1$2" "$f"
	done
	echo 1 >events/kprobes/enable
}

unprobed()
{
	echo 0 >events/kprobes/enable
	echo >kprobe_events
}

work alone

by_function function 'FUNCTION <-' function
untraced
by_function function_graph 'FUNCTION();' graph
untraced
turns=0
while [ $turns -lt 20 ]; do
	filter
	echo function >current_tracer
	calls getsid 10
	untraced
	turns=$((turns + 1))
done
echo >trace
calls getsid 100
work switched

probe_all p ""
work kprobe
seen kprobe 'FUNCTION: '
looked_at
unprobed
probe_all r ""
work kretprobe
seen kretprobe 'FUNCTION: '
unprobed

# Where the trap stands: behind the place that is patched for the tracer, before which a kernel with IBT
# has an ENDBR64.
echo "p:first __x64_sys_getpgid" >kprobe_events
echo 1 >events/kprobes/first/enable
behind=$((0x$(sed -n 's/.*__x64_sys_getpgid+0x\([0-9a-f]*\).*/\1/p' /sys/kernel/debug/kprobes/list) + 5))
result behind $behind
unprobed

# at the trap's own address: not possible while the hook is there
echo "p:exact __x64_sys_getpgid+$behind" >kprobe_events 2>/dev/null
# shellcheck disable=SC2320 # how the write ended
result exact_refused $?
echo >kprobe_events
work exact

# behind it, where the kernel would like to put a jump
echo "p:__x64_sys_getsid __x64_sys_getsid+$((behind + 1))" >kprobe_events
echo 1 >events/kprobes/enable
sleep 1
work inner
seen inner 'FUNCTION: '
unprobed

# all at once
filter
echo function >current_tracer
probe_all r ""
work together
seen together_function 'FUNCTION <-'
looked_at
untraced
unprobed

# the reverse order: the third hook goes, and comes when the tracer is there
filter
echo function >current_tracer
calls getpriority 1 3
calls getpriority 1 2
work later_function
seen later_function 'FUNCTION <-'
untraced
work function_gone
calls getpriority 1 3
probe_all p ""
calls getpriority 1 2
work later_kprobe
seen later_kprobe 'FUNCTION: '
unprobed
work kprobe_gone

calls getpriority 1 3
echo "p:exact __x64_sys_getpgid+$behind" >kprobe_events
# shellcheck disable=SC2320 # how the write ended
result exact_alone $?
echo 1 >events/kprobes/enable
sleep 1
result optimised "$(grep -c "__x64_sys_getpgid+0x$(printf %x $behind).*OPTIMIZED" /sys/kernel/debug/kprobes/list)"
calls getpriority 1 2
work later_exact
result seen_later_exact "$(grep -c 'calls.*exact: ' trace)"
unprobed
sleep 1
calls getpriority 1 2
work exact_gone

dmesg | grep -E "BUG:|Oops:|WARNING: CPU|INT3|ftrace:.*failed" >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints
