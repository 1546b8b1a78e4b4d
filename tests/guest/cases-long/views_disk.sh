# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154,SC1091
# Views against /proc in a whole Debian: systemd's services with mounts of their own, shared libraries,
# ext4, programs that run from an overlay.

. "$here/views.sh"

limit=900
if need_disk; then
	gcc -std=gnu11 -O1 -static -o "$work/tests/views" "$here/programs/views.c"
	tar -C "$work/tests" -cf "$work/tests.tar" .
	boot_disk views virtio --vmm budget=5000 --signature "$here/signatures/views/views.lua" --
	is "the workload stood still" "$(result code)" 0
	compare Debian "$work/events"
fi
