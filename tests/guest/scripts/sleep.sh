# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# All ways to sleep that a program can ask for.

calls getpriority 1
echo mem >/sys/power/state
result mem $?
echo disk >/sys/power/state
result disk $?
result snapshot "$(power snapshot)"
calls getppid 100
result calls $?
calls getpriority 1
result svm "$(power svm)"
result cpus "$(grep -c ^processor /proc/cpuinfo)"
result complaints "$(dmesg | grep -c -E 'Call Trace|stall|lockup|BUG:|Oops:')"
