# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# See programs/privileged.c.

privileged
result flags "$(sed -n '/^flags/{s/.*: //p;q}' /proc/cpuinfo)"
