# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Many hooks on calls that are made all the time: the guest's work comes out the same.

boot_script busy --plain
expected=$(result sum)
limit=400
boot_script busy --signature "$here/signatures/busy"
is "exit code" "$code" 0
is "checksum" "$(result sum)" "$expected"
is "files" "$(result files)" 40
for name in openat read write close mmap execve; do
	holds "$name was seen" event "counted $name [1-9]"
done
holds "no error" no_event '"kind": *"error"'
holds "no restart" no_event '"kind": *"restart"'
holds "nothing is lost" no_event '"kind": *"lost"'
