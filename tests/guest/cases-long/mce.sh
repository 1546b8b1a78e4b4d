# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Machine checks, sent by QEMU's monitor while the CPU is mostly in the domain: each one reaches the
# guest, as it does without LVisor, with the same words of the kernel; one that the guest cannot
# survive ends in the same panic. The kernel is the generic one: that for clouds takes no machine checks.

commands=20

# Deferred errors, which Linux takes and goes on: VAL, UC, EN, DEFERRED; MCG_STATUS: MCIP, RIPV.
going_on="1 0xb000100000000136 0x5 0x1000 0"
# PCC: the processor's context is corrupt
fatal="1 0xb200000000000136 0x5 0x1000 0"

arrived()
{
	grep -c '^result arrived' "$work/console.raw" 2>/dev/null
}

# send WORDS COUNT: to the CPUs in turn; one waits for the guest to say that the one before has arrived.
send()
{
	until grep -q '^result ready' "$work/console.raw" 2>/dev/null; do
		sleep 0.5
	done
	sent=0
	while [ $sent -lt "$2" ]; do
		had=$(arrived) waited=0
		echo "mce $((sent % cpus)) $1"
		while [ "$(arrived)" = "$had" ] && [ $waited -lt 600 ]; do
			sleep 0.1
			waited=$((waited + 1))
		done
		sent=$((sent + 1))
	done >"$work/monitor.in"
}

# mce_boot WORDS COUNT ARGUMENT...
mce_boot()
{
	command=$1 count=$2
	shift 2
	rm -f "$work/console.raw"
	[ -p "$work/monitor.in" ] || mkfifo "$work/monitor.in" "$work/monitor.out"
	cat "$work/monitor.out" >"$work/monitor" &
	drain=$!
	send "$command" "$count" &
	sender=$!
	boot --cpus $cpus --kernel "$generic" --initrd "$initramfs" --append "quiet panic=-1 no_timer_check lvtest=mce mce=$count" \
		"$@" -- -chardev "pipe,id=mon,path=$work/monitor" -mon chardev=mon,mode=readline
	kill $sender $drain 2>/dev/null
	wait $sender $drain 2>/dev/null
}

# What the kernel says of them, without times and registers.
words()
{
	grep -o 'Kernel panic.*\|Machine check:.*' "$work/console"
}

if ! generic=$(tests/guest/kernels.sh "$build/guest" 6.1 generic 2>"$work/messages"); then
	echo "skip $case: $(tail -n 1 "$work/messages")"
	return 0
fi
limit=300
for way in plain hooks cpus; do
	cpus=1
	[ $way = cpus ] && cpus=2
	if [ $way = plain ]; then
		set -- --plain
	else
		set -- --signature "$here/signatures/mce" --vmm budget=5000
	fi
	mce_boot "$going_on" $commands "$@"
	is "$way: exit code" "$code" 0
	is "$way: the kernel has counted each" "$(result checks)" $commands
	is "$way: calls that failed" "$(result failed)" 0
	words >"$work/$way.words"
	cp "$work/console" "$work/$way.console"
	[ $way = plain ] || holds "$way: the hooks were hit" event '"visits [1-9]'
	mce_boot "$fatal" 1 "$@"
	words >>"$work/$way.words"
	cp "$work/console" "$work/$way.fatal"
	is "$way: panic" "$(grep -c 'Kernel panic - not syncing' "$work/console")" 1
	is "$way: exit code of the panic" "$code" 0
done
is "the same words" "$(diff "$work/plain.words" "$work/hooks.words")" ""
is "the same words, two CPUs" "$(diff "$work/plain.words" "$work/cpus.words")" ""
