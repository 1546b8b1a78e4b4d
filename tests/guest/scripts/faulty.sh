# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Work that faulty signatures hook themselves into. The guest must not notice.

calls getsid 3
result getsid $?
calls getpgid 20 spread
result getpgid $?
# last: the good signature reports what it has counted
calls getpriority 1
result getpriority $?
