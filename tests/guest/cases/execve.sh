# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The paper's signature against programs that hold the mark in different places: those die of
# SIGSEGV (128 + 11; before Linux 5.16 of SIGKILL), all others live, and no other process of the same
# file notices. Also from cases-long/evasion.sh.

died=${died:-139}
boot_script execve --signature signatures/paper.lua --signature "$here/signatures/execve"
is "exit code" "$code" 0
for which in victim victim-pie victim-dynamic; do
	for place in bss heap stack argv; do
		is "$which, $place" "$(result $which-$place)" "$died"
		is "$which, $place, benign" "$(result $which-$place-benign)" 42
	done
done
for which in victim-rodata victim-rodata-pie victim-untouched victim-data victim-data-pie; do
	is "$which" "$(result $which)" "$died"
	is "$which, the file is whole" "$(result $which-file-whole)" 0
done
is "shell that replaces itself" "$(result shell)" "$died"
is "shell, benign" "$(result shell-benign)" 42
for which in victim victim-rodata victim-untouched victim-data victim-dynamic; do
	is "$which, its twin lives" "$(result $which-twin)" 0
done
is "others live" "$(result after-all)" 42

# starts HOW MANY WHAT...: so often the kernel started it, and each time there was one event.
starts()
{
	event "$2"
	is "$2: events" "$(grep -c . "$work/matching")" "$1"
}

starts 1 "kernel starts /init, args nil, kernel_execve, kthread .*, memory 0 end"
is "what takes the core dump runs" "$(result core)" 1
starts 2 "kernel starts /bin/started, args nil, kernel_execve, kthread .*, memory 0 end"
is "modprobe runs" "$(result modprobe)" 1
is "modprobe is denied" "$(result refused)" 0
holds "a denied start is a record" event '"kind": *"denied"' '"errno": *13'
is "a program's own start" "$(result once)" 42
starts 1 "evade starts one, via syscall, path nil, args 6 end"
holds "the guest ends" test -n "$(result end)"
holds "an event names the process" event '"process"' '"comm": *"victim"'
holds "no error" no_event '"kind": *"error"'
holds "no restart" no_event '"kind": *"restart"'
holds "nothing is lost" no_event '"kind": *"lost"'
