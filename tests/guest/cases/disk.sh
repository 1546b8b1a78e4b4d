# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A whole Debian with two processors, below which each execve and each openat is hooked.

limit=400
if need_disk; then
	boot_disk machine virtio --cpus 2 --signature "$here/signatures/opens" --
	at_work "2 CPUs, hooked"
	is "processors" "$(result cpus)" 2
	holds "programs are seen" event 'execve 100 by'
	holds "opened files are seen" event 'openat 1000 by'
	holds "no error" no_event '"kind": *"error"'
	holds "no restart" no_event '"kind": *"restart"'
	holds "nothing is lost" no_event '"kind": *"lost"'
fi
