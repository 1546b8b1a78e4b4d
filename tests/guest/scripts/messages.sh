# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The kernel's messages of level warning and above, without their times.
result messages begin
dmesg -r | sed -n 's/^<\([0-9]*\)>\[ *[0-9.]*\] /\1 /p' | while read -r level text; do
	[ $((level & 7)) -le 4 ] && echo "$text"
done
result messages end
result memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
result modes "$(grep -c -w svm /proc/cpuinfo)"
