# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC1091
# Typed pointers on every kernel that Debian's suites have, in each flavour.

. "$here/types.sh"

limit=300
for each in $(tests/guest/kernels.sh list | tr ' ' /); do
	need_kernel "${each%/*}" "${each#*/}" || continue
	types "$other" "$each"
done
