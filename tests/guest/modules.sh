#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the test modules (modules/*.c) for the guests' kernel, with the headers of its package.
#
#	tests/guest/modules.sh KERNEL OUT	KERNEL: as kernel.sh made it; OUT: folder for the *.ko
#
# Headers are unpacked into $LVISOR_CACHE (default: beside OUT) and never installed. When they cannot be
# had (another version is on the mirror by now), OUT stays empty and the cases that need a module are
# skipped, which they say.
set -eu

kernel=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
cache=${LVISOR_CACHE:-$(dirname "$out")/cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# linux-image-RELEASE_VERSION_amd64
package=$(basename "$(dirname "$(dirname "$(readlink -f "$kernel")")")")
release=${package#linux-image-}
release=${release%%_*}
version=${package#*_}
version=${version%_*}
headers=$cache/linux-headers-${release}_$version

no_modules()
{
	echo "test modules: $*; cases that need one will be skipped" >&2
	rm -f "$out"/*.ko
	touch "$out/built"
	exit 0
}

if [ ! -d "$headers" ]; then
	command -v apt-get >/dev/null || no_modules "no apt-get to get $release's headers with"
	work=$(mktemp -d "$cache/download.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	root=
	[ "$(id -u)" = 0 ] && root="-o APT::Sandbox::User=root"
	series=$(echo "$release" | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')
	# shellcheck disable=SC2086
	(cd "$work" && apt-get -q $root -o Acquire::Retries=3 download \
		"linux-headers-$release=$version" "linux-kbuild-$series=$version" \
		"linux-headers-${release%-cloud-amd64}-common=$version" >&2) ||
		no_modules "the headers of $release $version cannot be downloaded"
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	# The package expects to be installed.
	sed -i "s|/usr/src/|$headers/usr/src/|" "$work/root/usr/src/linux-headers-$release/Makefile"
	mv "$work/root" "$headers"
fi

build=$(mktemp -d)
trap 'rm -rf "$build" "${work:-}"' EXIT
cp "$here"/modules/*.c "$build/"
for source in "$build"/*.c; do
	echo "obj-m += $(basename "$source" .c).o"
done >"$build/Makefile"
# Started by make, this must not inherit its variables.
if ! env -u MAKEFLAGS -u MFLAGS -u B -u V make -C "$headers/usr/src/linux-headers-$release" M="$build" \
	CC=gcc HOSTCC=gcc modules >"$build/log" 2>&1; then
	cat "$build/log" >&2
	exit 1
fi
rm -f "$out"/*.ko
cp "$build"/*.ko "$out/"
strip --strip-debug "$out"/*.ko
touch "$out/built"
