# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Dumps of memory: those that a signature asks for, and QEMU's own of the same machine. gdb and readelf
# read the first, and all of them show the processes that were there.

size=384 # MB

# The commands for QEMU's monitor, when the guest waits.
take_dumps()
{
	until grep -q "^result waiting" "$work/console.raw" 2>/dev/null; do
		sleep 0.5
	done
	cat >"$work/monitor.in" <<-END
		stop
		dump-guest-memory $work/qemu.elf
		dump-guest-memory -p $work/qemu-paged.elf
		dump-guest-memory -z $work/qemu.kdump
		pmemsave 0 $((size << 20)) "$work/qemu.raw"
		quit
	END
}

mkfifo "$work/monitor.in" "$work/monitor.out"
cat "$work/monitor.out" >/dev/null &
drain=$!
take_dumps &
taker=$!
boot --cpus 2 --memory $size --kernel "$kernel" --initrd "$initramfs" \
	--append "quiet panic=-1 no_timer_check lvtest=dump" --signature "$here/signatures/dump" -- \
	-chardev "pipe,id=mon,path=$work/monitor" -mon chardev=mon,mode=readline
kill $taker $drain 2>/dev/null
wait $taker $drain 2>/dev/null
is "exit code" "$code" 0
is "the victim lives" "$(result victim)" 42
is "the process with many mappings lives" "$(result many)" 42
holds "no error" no_event '"kind": *"error"'

# said WORD: what the signature printed behind it.
said()
{
	sed -n "s/.*\"kind\":\"print\".*\"message\":\"$1[ \\\\t]*\([^\"]*\)\".*/\1/p" "$work/events"
}

# A process.
holds "a record names the core" event '"kind":"dump"' '"path":"[^"]*/victim.core"' '"pid":' '"present":[1-9]' \
	'"complete":true' '"atomic":true'
gdb -batch -ex "x/s $(said mark)" -ex 'info proc mappings' -ex 'info registers' -ex 'info auxv' \
	-c "$work/victim.core" >"$work/gdb" 2>&1
holds "gdb shows the string at its address" grep "^$(said mark):.*\"suspicious 7\"" "$work/gdb"
holds "gdb shows the mappings" grep '0x0*400000 .*/bin/victim' "$work/gdb"
holds "gdb shows the registers" grep "^rip  *$(said ip) " "$work/gdb"
holds "gdb shows the vector of the start" grep 'AT_EXECFN.*"/bin/victim"' "$work/gdb"
readelf -l -n -W "$work/victim.core" >"$work/readelf" 2>"$work/readelf.errors"
is "readelf" "$? $(cat "$work/readelf.errors")" "0 "
holds "readelf shows the notes" grep NT_PRPSINFO "$work/readelf"
refuse ps "$work/victim.core"
refused "the core of a process is none of a machine" "open it with gdb"

# ps DUMP: pid and name of each process.
ps_of()
{
	"$lvisor" ps --json "$1" 2>>"$work/messages" |
		sed -n 's/.*"comm":"\([^"]*\)".*"pid":\([0-9]*\),.*/\2 \1/p' | sort
}

# A process with more mappings than a core has room for: what fits is there.
holds "its core is cut short, and says so" event '"path":"[^"]*/many.core"' '"complete":false' \
	'"reason":"more segments than a core can have"'
readelf -l -W "$work/many.core" >"$work/readelf" 2>"$work/readelf.errors"
is "readelf of it" "$? $(cat "$work/readelf.errors")" "0 "
holds "it has many segments" test "$(grep -c LOAD "$work/readelf")" -gt 50000

# The machine, when the victim's was dumped.
holds "a record names the machine's core" event '"kind":"dump"' '"path":"[^"]*/machine.core"' \
	'"complete":true' '"atomic":true'
said process | sort >"$work/live"
ps_of "$work/machine.core" >"$work/dumped"
holds "there are processes" test "$(wc -l <"$work/live")" -gt 10
is "the machine's core has the same processes" "$(diff "$work/live" "$work/dumped")" ""
"$lvisor" scan "$work/machine.core" >"$work/console" 2>&1
holds "it has its processor's registers" grep 'ELF core, .* 1 CPU' "$work/console"
readelf -l -W "$work/machine.core" >"$work/readelf" 2>"$work/readelf.errors"
is "readelf of the machine's core" "$? $(cat "$work/readelf.errors")" "0 "

# QEMU's dumps, and LiME made of the raw one: what /proc said.
{
	printf 'EMiL\1\0\0\0\0\0\0\0\0\0\0\0\377\377\377\027\0\0\0\0\0\0\0\0\0\0\0\0'
	cat "$work/qemu.raw"
} >"$work/qemu.lime"
tr -d '\r' <"$work/console.raw" | sed -n 's/^result process //p' | sort >"$work/live"
is "processes in the guest" "$(wc -l <"$work/live")" 3
for dump in elf paged.elf raw lime; do
	[ $dump = paged.elf ] && file=$work/qemu-$dump || file=$work/qemu.$dump
	"$lvisor" ps --json "$file" 2>"$work/messages" |
		sed -n 's/.*"comm":"\([^"]*\)".*"exe":"\(\/[^"]*\)".*"pid":\([0-9]*\),.*/\3 \1 \2/p' |
		sort >"$work/dumped"
	is "$dump: the processes that /proc had" "$(diff "$work/live" "$work/dumped")" ""
done
refuse scan "$work/qemu.kdump"
refused "a compressed dump" "kdump.*dump-guest-memory without -z"
head -c 100000000 "$work/qemu.elf" >"$work/cut.elf"
refuse scan "$work/cut.elf"
refused "half a dump" "not complete"
refuse scan "$work/none"
refused "no dump" "none: No such file"
refuse scan "$work/victim.core.none" "$work/qemu.raw"
refused "two dumps" "unexpected argument"
echo 'cr3=0x1000,nonsense=1' >"$work/registers"
refuse scan --registers "$work/registers" "$work/qemu.raw"
refused "an unknown register" "nonsense: no such register"
refuse type "$work/qemu.raw" task_strct
refused "an unknown type" "task_struct"
refuse type "$work/qemu.raw" task_struct
is "a type" "$code" 0
