# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A whole Debian on other machines: each boots, reads its disk, answers on its network, powers off.

# variant NAME BUS [LVISOR-ARGUMENT...] -- [QEMU-ARGUMENT...]
variant()
{
	name=$1
	shift
	boot_disk machine "$@"
	at_work "$name"
}

limit=600
if need_disk; then
	variant "q35" virtio --cpus 2 -- -M q35
	variant "4 CPUs" virtio --cpus 4 --
	is "4 CPUs: processors" "$(result cpus)" 4
	parameters=pti=on
	variant "page tables apart (pti=on)" virtio --cpus 2 --
	is "page tables apart: on each CPU" "$(result pti)" 2
	parameters=
	variant "five levels (-cpu max)" virtio --cpus 2 -- -cpu max,+svm,+npt
	holds "five levels: the CPU has them" test "$(result la57)" -gt 0
	flavour=generic
	# which of the two disks is found first is chance
	variant "AHCI and e1000e" ahci --cpus 2 --
	is "AHCI and e1000e: disk" "$(result bus | sed 's/[a-d]$//')" /dev/sd
	is "AHCI and e1000e: network" "$(result driver)" e1000e
	variant "AHCI and e1000e on q35, 4 CPUs" ahci --cpus 4 -- -M q35
	is "AHCI and e1000e on q35: disk" "$(result bus | sed 's/[a-d]$//')" /dev/sd
	is "AHCI and e1000e on q35: network" "$(result driver)" e1000e
fi
