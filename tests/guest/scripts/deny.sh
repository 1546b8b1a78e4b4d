# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Calls that deny.lua denies, or lets go on: how each ended. Three strikes are a pause, which is at
# the fourth call with a handler that does not end.

result umask $(calls umask 2 errno)
result getppid $(calls getppid 1 errno)
result getsid $(calls getsid 1 errno)
result getpriority $(calls getpriority 1 errno)
result pause $(calls getsid 1 errno) $(calls getpgid 1 errno)
calls sched_yield 1
