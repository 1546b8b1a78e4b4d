# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Numbered calls on all processors from FIRST on at once, exact=CALLS,EVERY,FIRST of the kernel's
# command line; and a tenth of them once more, by int 0x80.

numbers=$(sed -n 's/.*exact=\([0-9]*,[0-9]*,[0-9]*\).*/\1/p' /proc/cmdline)
calls=${numbers%%,*}
first=${numbers##*,}
every=${numbers#*,}
every=${every%,*}
exact "$calls" "$every" "$first"
result calls $?
exact "$((calls / 10))" "$every" "$first" compat
result compat_calls $?
