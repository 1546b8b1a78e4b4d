#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the disk guest: a whole Debian, of this machine's release, on a disk image, with Debian's kernel for clouds and its
# generic one, and an initial RAM disk for each. Nothing is mounted; it takes 2 to 3 minutes.
#
#	tests/guest/disk.sh OUT		OUT becomes a symbolic link to the folder with
#					disk.img, vmlinuz-cloud, initrd-cloud, vmlinuz-generic,
#					initrd-generic
#
# The packages come from where this machine's apt gets its own from. The result is kept in
# $LVISOR_CACHE (default: beside OUT), by what it is made of, and made again when that changes.
set -eu
export LC_ALL=C # tools' output is read

fail()
{
	echo "disk guest: $*" >&2
	exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$(dirname "$out")"
cache=${LVISOR_CACHE:-$(dirname "$out")/cache}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# targets FORMAT: what this machine's apt knows of Debian.
targets()
{
	apt-get indextargets --format "$1" 'Created-By: Packages' 'Origin: Debian' 2>/dev/null | sort -u
}

# The name of this machine's release (bookworm), or of what apt has instead (sid).
release_name()
{
	names=$(targets '$(CODENAME)' | grep -v -e '-updates$' -e '-security$' -e '-backports')
	own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	echo "$names" | grep -x "${own:-none}" || echo "$names" | head -n 1
}

sources()
{
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	targets '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CODENAME)' |
		while read -r uri release component codename; do
			case $codename in
			"$debian" | "$debian-updates" | "$debian-security") ;;
			*) continue ;;
			esac
			[ -r $key ] && uri="[signed-by=$key] $uri"
			echo "deb $uri $release $component"
		done
}

# the newest kernel's release, as 6.1.0-13, and its package's version
newest()
{
	package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | tail -n 1)
	release=${package#linux-image-}
	release=${release%-cloud-amd64}
	version=$(apt-cache policy linux-image-cloud-amd64 2>/dev/null |
		sed -n 's/^ *Candidate: //p')
}

command -v apt-get >/dev/null || fail "no apt-get here, so there is no Debian to build it from"
newest
if [ -z "$release" ] && [ "$(id -u)" = 0 ]; then
	apt-get -q update >&2 || true
	newest
fi
[ -n "$release" ] || fail "apt knows no linux-image-cloud-amd64; run apt-get update"
debian=$(release_name)

key=$({ echo "$release $version" && cat "$here/disk.sh" "$here"/disk/*; } | sha256sum | cut -c 1-12)
made=$cache/disk-guest-$version-$key

# Others may be at the same: one builds, they wait.
exec 9>"$cache/disk-guest.lock"
flock 9
if [ ! -e "$made/disk.img" ]; then
	[ "$(id -u)" = 0 ] || fail "only root can build it; run 'make guest-disk' as root once" \
		"and share the result with LVISOR_CACHE"
	[ -n "$(sources)" ] || fail "this machine's apt has no sources for Debian"
	"$here/../../tools/deps.sh" guest disk || exit 1
	work=$(mktemp -d "$cache/disk-guest.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/made"
	packages=$(sed "/^#/d; s/%KERNEL%/$release/g" "$here/disk/packages" | tr -s ' \n' ',')
	echo "Building a Debian system on a disk image, once: a few minutes" >&2
	# the kernels' packages would have an initial RAM disk made for each, in minutes
	sources | mmdebstrap --quiet --mode=root --variant=minbase --include="${packages%,}" \
		--aptopt='Acquire::Retries "3"' --aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/etc/kernel/postinst.d/initramfs-tools' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--customize-hook="$here/disk/customize.sh" "$debian" "$work/root" - \
		>"$work/output" 2>&1 </dev/stdin ||
		fail "mmdebstrap failed: $(tail -n 20 "$work/output")"
	for kind in cloud generic; do
		case $kind in
		cloud) kernel=$release-cloud-amd64 ;;
		generic) kernel=$release-amd64 ;;
		esac
		# from Linux 7.1 on it comes with the modules
		image=$work/root/usr/lib/modules/$kernel/vmlinuz
		[ -e "$image" ] || image=$work/root/boot/vmlinuz-$kernel
		cp "$image" "$work/made/vmlinuz-$kind"
		"$here/disk/initrd.sh" "$work/root" "$kernel" "$work/made/initrd-$kind"
	done
	truncate -s 3G "$work/made/disk.img"
	mke2fs -q -t ext4 -O ^has_journal -L lvisor-guest -E root_owner=0:0 -d "$work/root" \
		"$work/made/disk.img" || fail "mke2fs failed"
	rm -rf "$made"
	mv "$work/made" "$made"
fi
ln -sfn "$made" "$out"
