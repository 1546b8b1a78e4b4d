# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# 10,000 calls by the program that the signature names, and others by one that it does not.

registers 1000
result registers $?
calls getpriority 1
calls getppid 4000
others getppid 500
calls getppid 6000
result calls $?
calls getpriority 1
result svm "$(grep -c -w svm /proc/cpuinfo)"
