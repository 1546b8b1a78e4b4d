#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the test modules (modules/*.c) for the guests' kernel, with the headers of its package.
#
#	tests/guest/modules.sh KERNEL OUT	KERNEL: as kernel.sh made it; OUT: folder for the *.ko
#
# Headers are unpacked into $LVISOR_CACHE (default: beside OUT) and never installed. What cannot be had or
# built is said, and the cases that need it say it again; OUT/built comes when all modules are there, so
# that the next make tries again, and OUT/NAME.log tells why NAME.ko is not there.
set -eu
export LC_ALL=C # tools' output is read

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
	rm -f "$out"/*
	exit 0
}

# The headers' package and those that it needs for building. The tools (linux-kbuild) may be of another
# version than the headers: security updates renew the one without the other.
packages()
{
	apt-cache show "linux-headers-$release=$version" >/dev/null 2>&1 || return 1
	echo "linux-headers-$release=$version"
	apt-cache depends "linux-headers-$release" |
		sed -n 's/^ *Depends: \(linux-kbuild-.*\|linux-headers-.*-common\)$/\1/p'
}

download()
{
	# shellcheck disable=SC2046,SC2086
	(cd "$work" && apt-get -q $root -o Acquire::Retries=3 download $(packages) >&2)
}

if [ ! -d "$headers" ]; then
	command -v apt-get >/dev/null || no_modules "no apt-get to get $release's headers with"
	work=$(mktemp -d "$cache/download.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	root=
	[ "$(id -u)" = 0 ] && root="-o APT::Sandbox::User=root"
	if ! packages >/dev/null || ! download; then
		# the lists may be older than the mirror
		[ "$(id -u)" = 0 ] && apt-get -q update >&2
		packages >/dev/null && download ||
			no_modules "the headers of $release $version cannot be downloaded"
	fi
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	# The package expects to be installed.
	sed -i "s|/usr/src/|$headers/usr/src/|" "$work/root/usr/src/linux-headers-$release/Makefile"
	mv "$work/root" "$headers"
fi

# build NAME: each has a folder of its own, so that one that does not build leaves the others alone.
build()
{
	mkdir "$folder/$1"
	cp "$here/modules/$1.c" "$here"/modules/*.h "$folder/$1/"
	echo "obj-m += $1.o" >"$folder/$1/Makefile"
	rm -f "$out/$1.ko" "$out/$1.log"
	# Started by make, this must not inherit its variables. BTF of modules would need pahole.
	if env -u MAKEFLAGS -u MFLAGS -u B -u V make -C "$headers/usr/src/linux-headers-$release" \
		M="$folder/$1" CC=gcc HOSTCC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$folder/$1/log" 2>&1; then
		strip --strip-debug -o "$out/$1.ko" "$folder/$1/$1.ko"
	else
		cp "$folder/$1/log" "$out/$1.log"
		grep -E -m 5 'error|Error' "$out/$1.log" >&2
		echo "test modules: $1 does not build for $release; cases that need it will fail" >&2
		all=
	fi
}

folder=$(mktemp -d)
trap 'rm -rf "$folder" "${work:-}"' EXIT
all=yes
rm -f "$out"/*.ko
for source in "$here"/modules/*.c; do
	build "$(basename "$source" .c)"
done
[ -z "$all" ] || touch "$out/built"
