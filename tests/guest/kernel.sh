#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Gets the kernel that the guests of demo and tests boot: Debian's own for virtual machines, as it
# is, unpacked into a folder and never installed on this machine.
#
#	tests/guest/kernel.sh OUT	OUT becomes a symbolic link to the newest such kernel
#
# Downloads are kept in $LVISOR_CACHE (default: the folder of OUT), which clones can share.
set -eu
export LC_ALL=C # tools' output is read

out=$1
mkdir -p "$(dirname "$out")"
cache=${LVISOR_CACHE:-$(dirname "$out")/cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

fail()
{
	echo "guest kernel: $*" >&2
	exit 1
}

# The package with the newest kernel; from Linux 7.1 on another one than that with its name.
newest()
{
	image=$(newest_image)
	[ -n "$image" ] || return 0
	apt-cache depends "$image" |
		sed -n 's/^ *Depends: \(linux-binary-.*\)$/\1/p' | grep . || echo "$image"
}

newest_image()
{
	apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | tail -n 1
}

# A kernel in the cache: a folder with the package's name and version, complete once renamed.
in_cache()
{
	ls -d "$cache"/linux-image-*/boot/vmlinuz-* 2>/dev/null | sort -V | tail -n 1
}

# What is there is good enough: tests do not depend on a mirror that published overnight.
kernel=$(in_cache)
if [ -z "$kernel" ]; then
	command -v apt-get >/dev/null || fail "no apt-get here: put a Debian cloud kernel's bzImage" \
		"at $out"
	package=$(newest)
	if [ -z "$package" ] && [ "$(id -u)" = 0 ]; then
		apt-get -q update >&2 || true
		package=$(newest)
	fi
	[ -n "$package" ] || fail "apt knows no linux-image-cloud-amd64; run apt-get update"

	work=$(mktemp -d "$cache/download.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	root=
	[ "$(id -u)" = 0 ] && root="-o APT::Sandbox::User=root"
	echo "Downloading $package" >&2
	# shellcheck disable=SC2086
	if ! (cd "$work" && apt-get -q $root -o Acquire::Retries=3 download "$package" >&2); then
		# the lists may be older than the mirror
		[ "$(id -u)" = 0 ] && apt-get -q update >&2
		package=$(newest)
		# shellcheck disable=SC2086
		(cd "$work" && apt-get -q $root download "$package" >&2) ||
			fail "$package cannot be downloaded; try apt-get update"
	fi
	"$(dirname "$0")/kernel_deb.sh" "$work"/*.deb "$cache"
	kernel=$(in_cache)
	[ -n "$kernel" ] || fail "$package has no /boot/vmlinuz-*"
fi
ln -sfn "$kernel" "$out"
