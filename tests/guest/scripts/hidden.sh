# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Processes and modules that are hidden and shown again (modules/hiding.c), for a signature to find;
# then storm=SECONDS of processes and modules that come and go, for it to find nothing.

# look NAME: a number
look()
{
	calls getpriority 1 "$1"
}

sleep 1000 &
victim=$!
result victim $victim
look 1
calls getpgid 1
if [ -e /modules/hiding.ko ]; then
	insmod /modules/hiding.ko process=$victim list=1
	result ps "$(ps | grep -c '[s]leep 1000')" # by the pid allocator, so it is there
	result lsmod "$(grep -c hiding /proc/modules)"
	look 2
	echo 1 >/proc/hiding
	rmmod hiding
	insmod /modules/hiding.ko sysfs=1
	look 3
	echo 1 >/proc/hiding
	rmmod hiding
	insmod /modules/hiding.ko list=1 sysfs=1
	look 4
	echo 1 >/proc/hiding
	rmmod hiding
	look 5
	tree=0x$(sed -n 's/ . mod_tree$//p' /proc/kallsyms)
	insmod /modules/hiding.ko list=1 sysfs=1 tree="$tree" thread=1
	result thread "$(ps | sed -n 's/^ *\([0-9]*\) .*\[lvsleeper\]$/\1/p')"
	look 6
	echo 1 >/proc/hiding
	look 7 # the thread is a listed module's now
	rmmod hiding
	look 8
fi
calls umask 1
storm=$(sed -n 's/.*storm=\([0-9]*\).*/\1/p' /proc/cmdline)
if [ -n "$storm" ]; then
	storm 8 "$storm" &
	(
		while [ ! -e /tmp/stop ]; do
			insmod /modules/hiding.ko thread=1 && rmmod hiding
		done
	) &
	calls getpriority 100 spread
	touch /tmp/stop
	wait %2 2>/dev/null
	calls umask 1
fi
dmesg | grep -E 'stall|lockup|BUG:|Oops:|NMI received|list_(add|del)' >/tmp/complaints
result complaints "$(grep -c . </tmp/complaints)"
cat /tmp/complaints # for whoever reads the console of a failed run
