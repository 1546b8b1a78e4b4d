# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The short of it, for a processor and an emulator that are slow: counting, registers, the paper's
# program.

registers 100
result registers $?
calls getpriority 1
calls getppid 1000
result calls $?
calls getpriority 1
victim bss x 2>/dev/null
result benign $?
victim bss 7 2>/dev/null
result malicious $?
victim bss x 2>/dev/null
result again $?
result hidden "$(grep -c -w -e svm -e vmx /proc/cpuinfo)"
result cpu "$(sed -n 's/^vendor_id[^A-Z]*//p' /proc/cpuinfo)"
result la57 "$(grep -c -w la57 /proc/cpuinfo)"
if [ -e /modules/corner.ko ]; then
	insmod /modules/corner.ko what=writes && rmmod corner
	result writes "$(dmesg | sed -n 's/.*corner: \(.* faults, .*\)/\1/p')"
fi
