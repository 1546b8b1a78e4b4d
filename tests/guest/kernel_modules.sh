#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets some of the modules that belong to a Debian kernel, for guests to load.
#
#	tests/guest/kernel_modules.sh KERNEL OUT	KERNEL: as kernel.sh or kernels.sh made it; OUT
#							becomes a compressed archive to put behind an
#							initramfs, with /kernel-modules/*.ko
#
# They are in the kernel's package, of which those scripts keep the kernel only; from Linux 7.1 on in one of
# their own. When it cannot be had, one line says why and the exit code is 77. What was downloaded is
# kept in $LVISOR_CACHE (default: the folder of OUT).
set -eu
export LC_ALL=C # tools' output is read

kernel=$(readlink -f "$1")
out=$2
mkdir -p "$(dirname "$out")"
cache=${LVISOR_CACHE:-$(dirname "$out")/cache}/kernel-modules
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# That need one another, and one that needs none.
wanted='libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack dummy'

# .../kernels/SERIES-FLAVOUR/linux-image-RELEASE_VERSION_amd64/boot/vmlinuz-RELEASE
folder=$(dirname "$(dirname "$kernel")")
name=$(basename "$folder")
release=${name#linux-image-}
release=${release%%_*}
version=${name#*_}
version=${version%_*}
series=$(basename "$(dirname "$folder")")
series=${series%-*}
own=$(dirname "$(dirname "$folder")")/apt-$series # kernels.sh's apt

skip()
{
	echo "modules of $release: $*" >&2
	exit 77
}

if [ ! -d "$cache/$name" ]; then
	command -v apt-get >/dev/null || skip "no apt-get here"
	work=$(mktemp -d "$cache/download.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	root=
	if [ -e "$own/apt.conf" ]; then
		# The cache may have come from elsewhere.
		sed "s|\"[^\"]*/apt-$series|\"$own|" "$own/apt.conf" >"$work/apt.conf"
		export APT_CONFIG="$work/apt.conf"
	elif [ "$(id -u)" = 0 ]; then
		root="-o APT::Sandbox::User=root"
	fi
	package=linux-modules-$release
	apt-cache show "$package" >/dev/null 2>&1 || package=linux-image-$release
	# shellcheck disable=SC2086
	(cd "$work" && apt-get -q $root -o Acquire::Retries=3 download "$package=$version" \
		>"$work/output" 2>&1) || skip "$package $version cannot be downloaded"
	mkdir "$work/root" "$work/modules"
	dpkg-deb -x "$work"/*.deb "$work/root"
	for module in $wanted; do
		# Not every kernel has each of them as a module.
		find "$work/root" -name "$module.ko*" -exec cp {} "$work/modules" \;
	done
	find "$work/modules" -name '*.xz' -exec xz -d {} +
	[ -n "$(find "$work/modules" -name '*.ko')" ] || skip "$package has none of $wanted"
	mv "$work/modules" "$cache/$name" 2>/dev/null || [ -d "$cache/$name" ]
fi

pack=$(mktemp -d)
trap 'rm -rf "$pack" "${work:-}"' EXIT
mkdir "$pack/kernel-modules"
n=0
for module in $wanted; do
	n=$((n + 1))
	[ ! -e "$cache/$name/$module.ko" ] ||
		cp "$cache/$name/$module.ko" "$pack/kernel-modules/$n-$module.ko"
done
(cd "$pack" && find kernel-modules | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) |
	gzip -n -1 >"$out"
