# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2320 # how the write of an echo ended is the question
# All ways to sleep that a program can ask for, and one that only a kernel should use.

calls getpriority 1
echo +5 >/sys/class/rtc/rtc0/wakealarm # where nobody refuses, something has to end the sleep
echo mem >/sys/power/state
result mem $?
echo 0 >/sys/class/rtc/rtc0/wakealarm
echo disk >/sys/power/state
result disk $?
result snapshot "$(power snapshot)"
power outw 0x604 0x2400 # PM1a_CNT of QEMU's PC: SLP_EN with the SLP_TYP of S3
result ports $?
# The same where those ports have been moved: PMBA of QEMU's PC, PMBASE of its Q35, in all widths.
echo +5 >/sys/class/rtc/rtc0/wakealarm
for function in 1.3 1f.0; do
	power pci $function 0x40 4 0xb001 >/dev/null
	power pci $function 0x40 2 0xb001 >/dev/null
	result "pmbase.$function" "$(power pci $function 0x41 1 0xb0)"
done
power warm 0 # where it sleeps all the same, it wakes up there
power outw 0xb004 0x2400
result moved $?
echo 0 >/sys/class/rtc/rtc0/wakealarm
# SMRAM and the firmware's copy of itself, on both; what is laid over memory, on Q35.
result pam "$(power pci 0.0 0x59 1 0x33)" "$(power pci 0.0 0x90 1 0x33)"
result smram "$(power pci 0.0 0x72 1 0x4a)" "$(power pci 0.0 0x9d 1 0x4a)"
result pciexbar "$(power pci 0.0 0x60 4 0x10000001)"
result rcba "$(power pci 1f.0 0xf0 4 0x10000001)"
# A register that is the guest's: the latency timer of the host bridge, and a CMOS byte
power pci 0.0 0x3c 1 7 >/dev/null
result line "$(power pci 0.0 0x3d 1 0)"
# The same by memory, and a store of more than a register
if [ -e /sys/firmware/acpi/tables/MCFG ]; then
	result ecam "$(power ecam 1f.0 0x40 4 0xb001)" "$(power ecam 0.0 0x91 1 0x33)" \
		"$(power ecam 0.0 0x9d 1 0x4a)" "$(power ecam 0.0 0x60 4 0x10000001)" \
		"$(power ecam 0.0 0x60 8 0x10000001)" "$(power ecam 1f.0 0xf0 4 0x10000001)"
	result ecamline "$(power ecam 0.0 0x3c 1 9)" "$(power pci 0.0 0x3d 1 0)"
fi
# A20 by each of its switches
power outb 0x92 0
power outb 0x64 0xdd
power outb 0x64 0xd1
power outb 0x60 0xdd
result a20 "$(power inb 0x92)"
calls getppid 100
result calls $?
calls getpriority 1
result svm "$(power svm)"
result cpus "$(grep -c ^processor /proc/cpuinfo)"
result complaints "$(dmesg | grep -c -E 'Call Trace|stall|lockup|BUG:|Oops:')"
