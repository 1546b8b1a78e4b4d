# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A process whose memory is searched, with a disk in memory to swap to (modules/ramdisk.c).

if [ -e /modules/ramdisk.ko ] && insmod /modules/ramdisk.ko && mkswap /dev/lvram >/dev/null &&
	swapon /dev/lvram; then
	result swap yes
fi
# On the root file system: tmpfs, or ramfs, is its own page cache.
search /file
result code $?
