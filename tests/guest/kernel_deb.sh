#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks the kernel of one of Debian's packages.
#
#	tests/guest/kernel_deb.sh PACKAGE.deb OUT	linux-image-RELEASE or, from Linux 7.1 on, linux-binary-RELEASE;
#							OUT/linux-image-RELEASE_VERSION_amd64/boot/
#							has vmlinuz-RELEASE and nothing else matters
set -eu
export LC_ALL=C # tools' output is read

deb=$1
out=$2
name=$(basename "$deb" .deb | sed 's/^linux-binary/linux-image/')
release=${name#linux-image-}
release=${release%%_*}
work=$(mktemp -d "$out/unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
dpkg-deb -x "$deb" "$work/root"
mkdir -p "$work/root/boot"
if [ -e "$work/root/usr/lib/modules/$release/vmlinuz" ]; then
	mv "$work/root/usr/lib/modules/$release/vmlinuz" "$work/root/boot/vmlinuz-$release"
fi
# the modules are not needed: what the guests do is in the kernel itself
rm -rf "$work/root/lib" "$work/root/usr" "${out:?}/$name"
mv "$work/root" "$out/$name"
[ -e "$out/$name/boot/vmlinuz-$release" ] || rm -rf "${out:?}/$name"
