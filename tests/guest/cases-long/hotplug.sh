# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# A gigabyte of memory is plugged in while the guest runs. It is told, the guest uses it, for page
# tables of processes that make hooked calls, too, and these are counted.

# plug NAME LVISOR-ARGUMENT... -- QEMU-ARGUMENT...
plug()
{
	guest_of=$1
	shift
	mkfifo "$work/monitor.in" "$work/monitor.out"
	cat "$work/monitor.out" >"$work/monitor" &
	reader=$!
	(
		tries=0
		while [ $tries -lt 280 ] && ! grep -q '^result plug' "$work/console.raw"; do
			sleep 1
			tries=$((tries + 1))
		done
		echo 'object_add memory-backend-ram,id=more,size=1G'
		echo 'device_add pc-dimm,id=dimm,memdev=more'
		sleep 1
	) >"$work/monitor.in" 2>"$work/plug" &
	boot_script hotplug --memory 512 "$@" -m 512,slots=2,maxmem=3G \
		-chardev "pipe,id=mon,path=$work/monitor" -mon chardev=mon
	kill $reader 2>/dev/null
	wait
	rm "$work/monitor.in" "$work/monitor.out"
	is "$guest_of: exit code" "$code" 0
	holds "$guest_of: the guest has the memory" test "$(result memory)" -gt 1200000
	is "$guest_of: it uses the memory" "$(result sum)" "$sum"
	is "$guest_of: calls return" "$(result calls) $(result others)" "0 0"
	is "$guest_of: the guest's own breakpoints" "$(result int3)" 0
	is "$guest_of: all registers are kept" "$(result registers)" 0
	is "$guest_of: nothing to complain" "$(result complaints)" 0
}

sum=$(head -c 943718400 /dev/zero | md5sum | cut -d" " -f1)
plug "plain" --plain --
plug "watched" --cpus 2 --signature "$here/signatures/count/count.lua" --
is "it is told once" "$(grep -c '"kind": *"memory"' "$work/events")" 1
holds "with its place" event '"memory"' '"start": *4294967296' '"size": *1073741824' '"watched": *true'
holds "calls are counted" event 'all 400, filtered 300,'
holds "no error" no_event '"kind": *"error"'
holds "nothing is lost" no_event '"kind": *"lost"'
