# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Discovery on dumps: with registers and without, with damaged symbol tables, and without BTF.

other=$kernel
raw_dump --
discovery 6.1
if need_kernel 6.12 cloud; then
	raw_dump -- -cpu max,-cx16 # QEMU 7.2's cmpxchg16b can crash this kernel
	discovery "6.12, page tables of five levels"
fi
