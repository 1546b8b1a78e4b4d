# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# bpftrace, perf, gdb, modules and live patches in a whole Debian, on functions that LVisor watches:
# the calls come out right, and both sides count each of them.

round="getsid 300, umask 300, getpgid 300"
short="getsid 20, umask 20, getpgid 20"

# sees NAME COUNTS: the signature has printed its counts once a round, in the script's order
sees()
{
	line=$((line + 1))
	is "$1: what the signature sees" "$(sed -n ${line}p "$work/counts")" "$2"
}

limit=1200
if ! tests/guest/disk.sh "$build/guest/disk" >"$work/disk.output" 2>&1; then
	echo "skip $case: $(tail -n 1 "$work/disk.output")"
else
	disk=$build/guest/disk
	tar -C "$here/scripts-disk" -cf "$work/tests.tar" .
	boot --kernel "$disk/vmlinuz-cloud" --initrd "$disk/initrd-cloud" \
		--disk "$disk/disk.img" --disk "$work/tests.tar" --append "quiet panic=-1 lvtest=tracers" \
		--signature "$here/signatures/coexist" --vmm budget=5000 -- \
		-device virtio-serial-pci -chardev "file,id=results,path=$work/results" \
		-device virtserialport,chardev=results,name=results
	cat "$work/results" >>"$work/console"
	is "exit code" "$code" 0
	sed -n 's/.*"message":"\(getsid [0-9, a-z]*\)".*/\1/p' "$work/events" >"$work/counts"
	line=0
	for name in alone kprobe kretprobe kfunc perf_stat perf_record; do
		is "$name: calls return" "$(result calls_$name)" "$round"
		sees $name "$round"
	done
	for name in kprobe kretprobe kfunc perf_stat; do
		is "$name: what the tool sees" "$(result seen_$name)" "300 300 300"
	done
	for name in soft hard steps; do
		is "gdb, $name: calls return" "$(result calls_$name)" "$short"
		sees $name "$short"
	done
	is "gdb, soft: breakpoints" "$(result hits_soft)" 20
	is "gdb, hard: breakpoints" "$(result hits_hard)" 20
	is "modules are built" "$(result modules)" 0
	for turn in 0 1 2; do
		is "probes, $turn: calls return" "$(result calls_probes_$turn)" "$round"
		is "probes, $turn: what the module sees" "$(result seen_probes_$turn)" \
			"300 entries, 300 returns"
		sees probes_$turn "$round"
	done
	is "live patch: loaded" "$(result live)" 0
	for name in live live_again; do
		is "$name: the patch is at work" "$(result calls_$name)" \
			"getsid 300, umask 300, getpgid 0"
		sees $name "getsid 300, umask 300, getpgid 0"
	done
	holds "live patch: it is reported" event '"kind": *"warning"' 'live-patches' '"comm": *"insmod"'
	is "live patch: unloaded" "$(result unloaded)" 0
	is "unloaded: calls return" "$(result calls_unloaded)" "$round"
	sees unloaded "$round"
	holds "live patch: so is the hook that is behind it" event '"kind": *"warning"' \
		'"hook": *"__x64_sys_getpgid"' '"by": *"klp_ftrace_handler'
	is "no tracer is taken for one who leads calls away" "$(grep '"kind": *"warning"' "$work/events" |
		grep -v -c -e 'live-patches' -e '"hook": *"__x64_sys_getpgid".*"by": *"klp_ftrace_handler')" 0
	is "nothing to complain" "$(result complaints)" 0
fi
