# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Processes on all processors, some of them short, while a signature holds processors again and again.

begin_rtc=$(cat /sys/class/rtc/rtc0/since_epoch)
begin_up=$(cut -d' ' -f1 /proc/uptime | tr -d .)
for loop in 1 2; do
	while [ ! -e /tmp/stop ]; do /bin/true; done &
done
each=$(sed -n 's/.*pinned=\([0-9]*\).*/\1/p' /proc/cmdline)
pinned "$each"
result calls $?
calls getpgid 1
touch /tmp/stop
wait
calls getpriority 1
result rtc $((($(cat /sys/class/rtc/rtc0/since_epoch) - begin_rtc) * 100))
result up $(($(cut -d' ' -f1 /proc/uptime | tr -d .) - begin_up))
result cpus "$(grep -c ^processor /proc/cpuinfo)"
dmesg | grep -E 'detected.*stall|lockup - |BUG:|Oops:|NMI received|Dazed|clocksource:.*(skew|unstable)' >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints # for whoever reads the console of a failed run
