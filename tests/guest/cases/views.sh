# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC1091
# Views against /proc, live and from a dump: there is not one difference.

. "$here/views.sh"

limit=300
dumps="--signature $here/signatures/views/dump.lua --dumps $work/dumps"
# shellcheck disable=SC2086
views "$kernel" 6.1 "" $dumps
# shellcheck disable=SC2086
need_kernel 6.12 cloud && views "$other" 6.12 "" $dumps
