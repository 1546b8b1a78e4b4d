#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes sure that what a make target needs is installed.
#
#	tools/deps.sh GROUP...		groups: build, guest, disk, bochs, test, fuzz, style, lint
#	tools/deps.sh --missing GROUP...	only prints what is missing, in one line
#
# On Debian and its relatives a missing package is installed here and now, if we are root; in every
# other case the missing ones are named together with the command that installs them.
set -u
export LC_ALL=C # tools' output is read

# Package, and how to see that it is there where no dpkg can be asked: a command, or a header.
build='
gcc:gcc
libc6-dev:stdio.h
make:make
binutils:objcopy
liblua5.4-dev:lua5.4/lua.h
libbpf-dev:bpf/btf.h
zlib1g-dev:zlib.h
libcapstone-dev:capstone/capstone.h
libjansson-dev:jansson.h
libdw-dev:elfutils/libdwfl.h
liblzma-dev:lzma.h
'
guest='
qemu-system-x86:qemu-system-x86_64
busybox-static:busybox
cpio:cpio
xz-utils:xz
gzip:gzip
gdb:gdb
libzstd-dev:zstd.h
'
disk='
mmdebstrap:mmdebstrap
e2fsprogs:mke2fs
kmod:depmod
'
bochs='
bochs:bochs-bin
bochsbios:bochs-bin
vgabios:bochs-bin
grub-pc-bin:grub-mkrescue
grub-common:grub-mkrescue
xorriso:xorriso
mtools:mformat
'
test='
libcmocka-dev:cmocka.h
libpcap-dev:pcap.h
'
fuzz='
clang:clang
libclang-rt-dev:clang
'
style='
clang-format:clang-format
'
lint='
clang:clang
clang-tidy:clang-tidy
cppcheck:cppcheck
shellcheck:shellcheck
git:git
'

only_print=
if [ "${1:-}" = --missing ]; then
	only_print=1
	shift
fi

wanted=
for group in "$@"; do
	case $group in
	build) wanted="$wanted $build" ;;
	guest) wanted="$wanted $guest" ;;
	disk) wanted="$wanted $disk" ;;
	bochs) wanted="$wanted $bochs" ;;
	test) wanted="$wanted $test" ;;
	fuzz) wanted="$wanted $fuzz" ;;
	style) wanted="$wanted $style" ;;
	lint) wanted="$wanted $lint" ;;
	*)
		echo "deps.sh: no group $group" >&2
		exit 2
		;;
	esac
done

missing_by_dpkg()
{
	names=
	for entry in $wanted; do
		names="$names ${entry%%:*}"
	done
	# shellcheck disable=SC2086
	installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null |
		sed -n 's/^installed //p' | tr '\n' ' ')"
	for name in $names; do
		case $installed in
		*" $name "*) ;;
		*) printf '%s ' "$name" ;;
		esac
	done
}

missing_by_probe()
{
	for entry in $wanted; do
		name=${entry%%:*} probe=${entry#*:}
		case $probe in
		*.h) printf '#include <stdio.h>\n#include <%s>\n' "$probe" |
			gcc -E -I/usr/include/lua5.4 - >/dev/null 2>&1 ;;
		*) command -v "$probe" >/dev/null 2>&1 ;;
		esac || printf '%s ' "$name"
	done
}

if command -v dpkg-query >/dev/null 2>&1; then
	missing=$(missing_by_dpkg)
else
	missing=$(missing_by_probe)
fi
if [ -n "$only_print" ]; then
	echo "${missing% }"
	exit 0
fi
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "LVisor needs what Debian packages as: $missing" >&2
	echo "There is no apt-get here: install them with this system's own package manager." >&2
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "LVisor needs these Debian packages: $missing" >&2
	echo "Install them with:" >&2
	echo "    sudo apt-get update && sudo apt-get install --no-install-recommends $missing" >&2
	exit 1
fi

echo "Installing missing Debian packages: $missing" >&2
export DEBIAN_FRONTEND=noninteractive
# Another make may be doing the same at this moment: wait for it.
apt="apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"

install()
{
	# shellcheck disable=SC2086
	$apt install --no-install-recommends $missing </dev/null >&2
}

# Lists that are empty, or so old that they name packages no server has any more, are renewed.
if ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 && install; then
	exit 0
fi
$apt update </dev/null >&2 || true
install && exit 0
echo "LVisor needs these Debian packages, and installing them failed (see above): $missing" >&2
exit 1
