# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Something to dump: a victim that starts another program, then some processes that sleep, told as
# /proc tells of them. Then this shell waits, and starts nothing more, until the host ends the machine.

victim bss 7 xxxxxxxxxxxxxxxx 2>/dev/null
result victim $?
manymaps 2>/dev/null
result many $?
sleep 1000 &
victim twin /tmp/never &
for process in /proc/[0-9]*; do
	exe=$(readlink "$process/exe") || continue
	result process "${process#/proc/} $(cat "$process/comm") $exe"
done
mkfifo /tmp/never-written
result waiting 1
# shellcheck disable=SC2162,SC2034
read line </tmp/never-written
