# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Discovery on dumps of every kernel that Debian's suites have.

limit=400
for each in $(tests/guest/kernels.sh list | tr ' ' /); do
	need_kernel "${each%/*}" "${each#*/}" || continue
	raw_dump -- -cpu max,-cx16
	discovery "$each"
done
