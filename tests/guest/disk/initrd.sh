#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds an initial RAM disk that can reach a disk: initrd.sh ROOT KERNEL-RELEASE OUT. Busybox,
# initrd-init, and those modules of the kernel in ROOT that drive what QEMU and Bochs offer.
set -eu
export LC_ALL=C # tools' output is read
here=$(cd "$(dirname "$0")" && pwd)
root=$1 kernel=$2 out=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/bin" "$work/dev" "$work/proc" "$work/sys" "$work/lib/modules/$kernel"
cp "$(command -v busybox)" "$work/bin/busybox"
for applet in $("$work/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$work/bin/$applet"
done
ln -s bin "$work/sbin" # where the kernel looks for modprobe
cp "$here/initrd-init" "$work/init"

# a kernel for clouds lacks some of them
for module in virtio_pci virtio_blk virtio_scsi virtio_net virtio_console ahci ata_piix ata_generic \
	nvme sd_mod e1000 e1000e ext4 crc32c_generic; do
	modprobe -d "$root" -S "$kernel" --show-depends "$module" 2>/dev/null |
		sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u | while read -r file; do
	name=lib/modules/$kernel/${file##*/lib/modules/"$kernel"/}
	mkdir -p "$work/$(dirname "$name")"
	cp "$file" "$work/$name"
done
cp "$root/lib/modules/$kernel/modules.builtin" "$root/lib/modules/$kernel/modules.order" \
	"$root/lib/modules/$kernel/modules.builtin.modinfo" \
	"$work/lib/modules/$kernel/"
depmod -b "$work" "$kernel"
(cd "$work" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) | gzip -n -6 >"$out"
