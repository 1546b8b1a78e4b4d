# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC1091
# Views against /proc on every kernel that Debian's suites have, in each flavour, and once on Intel:
# live, from a dump where the emulator's memory is shared.

. "$here/views.sh"

limit=500
for each in $(tests/guest/kernels.sh list | tr ' ' /); do
	need_kernel "${each%/*}" "${each#*/}" || continue
	views "$other" "$each" "" --signature "$here/signatures/views/dump.lua" --dumps "$work/dumps"
done
if need_kernel 6.12 cloud; then
	vendor=intel limit=1500
	views "$other" "6.12/cloud, Intel" "lvsize=small"
	vendor=amd
fi
