# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Several processors: hooked calls on all at once, processors that go and come back, NMIs.

result cpus "$(grep -c ^processor /proc/cpuinfo)"
pinned "$(sed -n 's/.*pinned=\([0-9]*\).*/\1/p' /proc/cmdline)"
result calls $?
calls getpriority 1

# an NMI for each processor: its handler prints a backtrace
nmis()
{
	awk '/NMI:/ { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; print n + 0 }' \
		/proc/interrupts
}
before=$(nmis)
echo l >/proc/sysrq-trigger
tries=0
while [ $(($(nmis) - before + 1)) -lt "$(grep -c ^processor /proc/cpuinfo)" ] && [ $tries -lt 60 ]; do
	sleep 1
	tries=$((tries + 1))
done
result nmis $(($(nmis) - before))

turns=0
while [ $turns -lt 5 ]; do
	for state in 0 1; do
		for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
			echo $state >"$cpu" || result failed "$cpu $state"
		done
	done
	turns=$((turns + 1))
done
result again "$(grep -c ^processor /proc/cpuinfo)"
pinned 500
result calls_again $?
calls getpriority 1
if [ -e /modules/corner.ko ]; then
	taskset 2 insmod /modules/corner.ko what=writes && rmmod corner
	result writes "$(dmesg | sed -n 's/.*corner: \(.* faults, .*\)/\1/p')"
fi
dmesg | grep -E "NMI received|Dazed|Stale IRR|stall|lockup|BUG:|Oops:" >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints # for whoever reads the console of a failed run
