# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# One program, started twice with other data; both call execve. See demo.sh in tests/guest.

echo "guest: a benign process starts another program (execve)"
victim bss x 2>/dev/null
result benign $?
echo "guest: the same program, now with the mark in its memory, does the same"
victim bss 7 2>/dev/null
result malicious $?
echo "guest: and the benign one once more"
victim bss x 2>/dev/null
result again $?
