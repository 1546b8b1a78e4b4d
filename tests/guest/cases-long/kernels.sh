# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Every kernel that Debian's suites have, in each flavour; then large and small machines, KPTI and
# page tables of five levels; and one on Intel.

limit=500
for each in $(tests/guest/kernels.sh list | tr ' ' /); do
	need_kernel "${each%/*}" "${each#*/}" || continue
	boot_kernel ""
	kernel_found "$each"
done

machines()
{
	need_kernel "$1" "$2" || return
	boot_kernel pti=on -- -cpu max,-cx16 # QEMU 7.2's cmpxchg16b can crash 6.12
	kernel_found "$1/$2, KPTI, five levels"
	[ "$1" = 5.10 ] || is "$1/$2: page tables of five levels" "$(result la57)" 1
	boot_kernel pti=on --memory 256
	kernel_found "$1/$2, KPTI, 256 MB"
	holds "$1/$2: in 256 MB" test "$(result memory)" -lt 262144
	boot_kernel nokaslr --memory 8192 --cpus 2
	kernel_found "$1/$2, no KASLR, 8 GB, 2 CPUs"
	holds "$1/$2: in 8 GB" test "$(result memory)" -gt 7000000
}

machines 5.10 generic
machines 6.1 cloud
machines 6.12 rt
machines newest generic

if need_kernel 6.12 cloud; then
	vendor=intel limit=2400
	boot_kernel "pti=on"
	kernel_found "6.12/cloud, Intel"
	vendor=amd
fi
