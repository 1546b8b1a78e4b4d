# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# bpftrace, perf, gdb, modules with probes, and live patches on functions that are hooked. A round is
# 300 calls of each of three functions; what the program says of them, what the tool counted, and
# then the signature prints its counts.

cd tracers || exit
functions="__x64_sys_getsid __x64_sys_umask __x64_sys_getpgid"
gcc -g -O1 -o calls calls.c
result built $?
umask 022

# work NAME COMMAND...: a round below the command
work()
{
	name=$1
	shift
	"$@" ./calls round 300 >out 2>&1 </dev/null
	result "calls_$name" "$(grep -h -o 'getsid [0-9]*, umask [0-9]*, getpgid [0-9]*' out)"
	./calls tell 1
}

# What bpftrace or perf counted, in the order of $functions.
seen()
{
	counts=
	for f in $functions; do
		counts="$counts $(sed -n "s/^@\[.*$f\]: //p; s/^ *\([0-9]*\) *probe:$f.*/\1/p" out)"
	done
	result "seen_$1" "${counts# }"
}

# bpf PROBE: bpftrace with this kind of probe on all three
bpf()
{
	probes=
	for f in $functions; do
		probes="$probes $1:$f /comm == \"calls\"/ { @[\"$f\"] = count(); }"
	done
	bpftrace -e "$probes" -c './calls round 300' >out 2>&1 </dev/null
	result "calls_$1" "$(grep -h -o 'getsid [0-9]*, umask [0-9]*, getpgid [0-9]*' out)"
	./calls tell 1
	seen "$1"
}

work alone
bpf kprobe
bpf kretprobe
bpf kfunc

for f in $functions; do
	perf probe -q -a "$f" 2>/dev/null || perf probe -a "$f"
done
work perf_stat perf stat -e 'probe:*'
seen perf_stat
perf probe -q -d 'probe:*'
work perf_record perf record -q -e cpu-clock -F 2000 -o perf.data
result samples "$(perf script -i perf.data 2>/dev/null | grep -c calls)"

# debug NAME COMMAND...: gdb with these before its end, on a round of 20 calls
debug()
{
	name=$1
	shift
	for command in "$@"; do
		echo "$command"
	done >commands.gdb
	gdb -batch -nx -x commands.gdb ./calls >out 2>&1 </dev/null
	result "calls_$name" "$(grep -h -o 'getsid [0-9]*, umask [0-9]*, getpgid [0-9]*' out)"
	result "hits_$name" "$(sed -n 's/.*already hit \([0-9]*\) times*/\1/p' out)"
	./calls tell 1
}

debug soft 'break tick' 'run round 20' 'ignore 1 1000' 'continue' 'info breakpoints'
debug hard 'break main' 'run round 20' 'delete' 'hbreak tick' 'ignore 2 1000' 'continue' \
	'info breakpoints'
debug steps 'break tick' 'run round 20' 'delete' 'stepi 500' 'continue'

make >modules.log 2>&1
result modules $?
turn=0
while [ $turn -lt 3 ]; do
	insmod probes.ko
	work "probes_$turn"
	rmmod probes
	result "seen_probes_$turn" "$(dmesg | sed -n 's/.*probes: \([0-9]* entries, [0-9]* returns\)/\1/p' |
		tail -n 1)"
	turn=$((turn + 1))
done

insmod live.ko
result live $?
work live
./looked_at.sh
./calls tell 3
./calls tell 2
work live_again
echo 0 >/sys/kernel/livepatch/live/enabled
while [ -d /sys/kernel/livepatch/live ]; do
	sleep 1
done
rmmod live
result unloaded $?
work unloaded
result complaints "$(dmesg | grep -cE 'BUG:|Oops:|WARNING: CPU|Dazed')"
