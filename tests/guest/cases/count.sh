# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Exact counting, selectors, and what the guest's processor says of itself.

boot_script count --signature "$here/signatures/count"
is "exit code" "$code" 0
is "calls return" "$(result calls)" 0
holds "all calls are counted" event 'all 10500,'
holds "the filter lets one program through" event 'filtered 10000,'
is "all registers are kept" "$(result registers)" 0
is "no svm in /proc/cpuinfo" "$(result svm)" 0
holds "no error" no_event '"kind": *"error"'
holds "nothing is lost" no_event '"kind": *"lost"'
