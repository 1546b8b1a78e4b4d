# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
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
calls getppid 100
result calls $?
calls getpriority 1
result svm "$(power svm)"
result cpus "$(grep -c ^processor /proc/cpuinfo)"
result complaints "$(dmesg | grep -c -E 'Call Trace|stall|lockup|BUG:|Oops:')"
