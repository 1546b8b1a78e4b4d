# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# 50 long visits to the hypervisor, with a sleeper beside them; then what the clocks say: the
# system's (by the TSC, or what the kernel trusts instead), the CMOS clock, jiffies.

# /proc/timer_list has jiffies, and rtc's time has seconds
jiffies()
{
	sed -n 's/^jiffies: *//p' /proc/timer_list | head -n 1
}

rtc()
{
	cat /sys/class/rtc/rtc0/since_epoch
}

from=$(rtc)
while [ "$(rtc)" = "$from" ]; do :; done
begin_rtc=$(rtc)
begin_up=$(cut -d' ' -f1 /proc/uptime | tr -d .)
begin_jiffies=$(jiffies)
begin_ticks=$(awk '/LOC:/ { print $2 }' /proc/interrupts)
(
	sleep 10
	result slept $(($(cut -d' ' -f1 /proc/uptime | tr -d .) - begin_up))
) &
calls getpriority 50
result calls $?
wait
calls getpgid 1
from=$(rtc)
while [ "$(rtc)" = "$from" ]; do :; done
result rtc $((($(rtc) - begin_rtc) * 100))
result up $(($(cut -d' ' -f1 /proc/uptime | tr -d .) - begin_up))
result jiffies $((($(jiffies) - begin_jiffies) * 100 / 250))
result ticks $(($(awk '/LOC:/ { print $2 }' /proc/interrupts) - begin_ticks))
result source "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
dmesg | grep -E 'stall|lockup|hrtimer: interrupt took|BUG:|clocksource:.*(skew|unstable)|NOHZ tick-stop' \
	>/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
sed 's/^/result complaint /' /tmp/complaints
