# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Calls that hostile signatures wait for, each for its own number (hostile=N: how many there are),
# and ordinary work beside. The guest must not notice.

count=$(sed -n 's/.*hostile=\([0-9]*\).*/\1/p' /proc/cmdline)
n=0
failed=0
while [ "$n" -lt "$count" ]; do
	n=$((n + 1))
	# no process group has this number: ESRCH
	calls getpgid 1 || failed=$((failed + 1))
	calls getpriority 1 "$n"
	[ $? -le 1 ] || failed=$((failed + 1))
done
result failed $failed
