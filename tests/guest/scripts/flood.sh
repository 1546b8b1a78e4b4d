# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
for i in 1 2 3 4 5 6 7 8 9 10; do
	calls getsid 4 || result flood 1
	calls getpgid 1
done
result flood $?
calls getpriority 1000
