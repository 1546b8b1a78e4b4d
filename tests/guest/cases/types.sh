# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC1091
# Typed pointers in a running guest: what they say of processes, the current task, variables and a
# module is what the views and /proc say.

. "$here/types.sh"

types "$kernel" 6.1
need_kernel 6.12 cloud && types "$other" 6.12
