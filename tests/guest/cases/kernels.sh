# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Another release's kernel is found as well: Debian 13's, with another layout of its symbol table,
# another way to the current task and ENDBR at its functions; its page table split by KPTI.

if need_kernel 6.12 cloud; then
	boot_kernel pti=on
	kernel_found "6.12 cloud"
fi
