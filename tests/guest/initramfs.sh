#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the guests' initial RAM disk: busybox, the programs in programs/ in the builds that the
# cases need, and the scripts in scripts/. Needs no root: devices come from the guest's devtmpfs.
#
#	tests/guest/initramfs.sh OUT [EXTRA-PROGRAM.c | MODULE.ko...]
set -eu
export LC_ALL=C # tools' output is read

here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

busybox=
for candidate in /bin/busybox /usr/bin/busybox; do
	[ -x "$candidate" ] && busybox=$candidate && break
done
[ -n "$busybox" ] || {
	echo "initramfs: no busybox; on Debian: apt-get install busybox-static" >&2
	exit 1
}
mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/scripts"
cp "$busybox" "$root/bin/busybox"
for applet in $("$root/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done

# compile OUTPUT SOURCE FLAG...
compile()
{
	output=$1 source=$2
	shift 2
	gcc -std=gnu11 -O1 -Wall -Wextra -o "$root/bin/$output" "$source" "$@"
}

# A program that is linked at run time brings its libraries along.
libraries()
{
	ldd "$root/bin/$1" | sed -n 's/^.*[[:space:]]\(\/[^ ]*\) (0x.*$/\1/p' | while read -r file; do
		mkdir -p "$root$(dirname "$file")"
		cp -L "$file" "$root$file"
	done
}

victim=$here/programs/victim.c
compile victim "$victim" -static -no-pie
compile victim-pie "$victim" -static-pie -fPIE
compile victim-dynamic "$victim" -pie -fPIE
compile victim-rodata "$victim" -static -no-pie -DMARK_RODATA
compile victim-rodata-pie "$victim" -static-pie -fPIE -DMARK_RODATA
compile victim-untouched "$victim" -static -no-pie -DMARK_UNTOUCHED
compile victim-data "$victim" -static -no-pie -DMARK_DATA
compile victim-data-pie "$victim" -static-pie -fPIE -DMARK_DATA
libraries victim-dynamic
compile lived "$here/programs/lived.c" -static
compile started "$here/programs/started.c" -static
compile evade "$here/programs/evade.c" -static -pthread
compile calls "$here/programs/calls.c" -static
compile pinned "$here/programs/pinned.c" -static
compile privileged "$here/programs/privileged.c" -static
compile exact "$here/programs/exact.c" -static
compile manymaps "$here/programs/manymaps.c" -static
compile memwrite "$here/programs/memwrite.c" -static
compile storm "$here/programs/storm.c" -static -pthread
compile power "$here/programs/power.c" -static
compile search "$here/programs/search.c" -static
compile views "$here/programs/views.c" -static
cp "$root/bin/calls" "$root/bin/others"
compile registers "$here/programs/registers.c" -static -lm
mkdir "$root/modules"
for program in "$@"; do
	case $program in
	*.ko)
		cp "$program" "$root/modules/"
		continue
		;;
	esac
	name=$(basename "$program" .c)
	compile "$name" "$program" -O2 -static
done

cp "$here/scripts/"*.sh "$root/scripts/"
mv "$root/scripts/init.sh" "$root/init"
chmod 755 "$root/init" "$root/scripts/"*.sh

# the same content gives the same file: times, owners and order are fixed
find "$root" -exec touch -h -d @0 {} +
mkdir -p "$(dirname "$out")"
(cd "$root" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
	gzip -n -1 >"$work/initramfs"
mv "$work/initramfs" "$out"
