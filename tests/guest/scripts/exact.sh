# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Numbered calls on all processors at once, exact=CALLS,EVERY of the kernel's command line; and a
# tenth of them once more, by int 0x80.

numbers=$(sed -n 's/.*exact=\([0-9]*,[0-9]*\).*/\1/p' /proc/cmdline)
exact "${numbers%,*}" "${numbers#*,}"
result calls $?
exact "$((${numbers%,*} / 10))" "${numbers#*,}" compat
result compat_calls $?
