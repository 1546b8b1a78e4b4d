# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# stress-ng's stressors of these classes, one second each with two instances; each's exit code.
# "stressors=a,b,c" on the kernel's command line: only these.

stressors()
{
	for class in cpu memory filesystem pipe scheduler interrupt; do
		stress-ng --class $class? 2>&1 | sed -n "s/^class .* stressors: //p"
	done | tr -s ' ' '\n' | sort -u
}

list=$(sed -n 's/.*stressors=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' ')
mkdir -p /var/tmp/stress
cd /var/tmp/stress || exit
result stress begin
for name in ${list:-$(stressors)}; do
	stress-ng "--$name" 2 -t 1s --verify --pathological >/run/stress.log 2>&1 </dev/null
	code=$?
	result "$name" $code
	[ $code -eq 0 ] || tail -n 5 /run/stress.log
	rm -rf /var/tmp/stress/*
done
result stress end
cd /run/test || exit
result messages begin
dmesg
result messages end
