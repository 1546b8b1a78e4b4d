#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Guest tests: boots guests through build/lvisor and checks what they print and what LVisor
# reports. Prints "ok NAME", "FAIL NAME" (with the reason below), "skip NAME".
#
#	tests/guest/run.sh guest|long [CASE...]		all cases, or those named
#
# VENDOR=intel boots in Bochs, where a boot takes ten times as long: a selection of the cases.
# ACCEL=kvm (VENDOR then says which vendor's processor the machine has) uses KVM in place of emulation.
#
# A case is a file in tests/guest/cases/ (cases-long/ for long): it boots what it needs, with the
# functions below, and one boot may serve many checks. After a case's first failure, the end of what the
# guest and LVisor said follows, and the files of that boot stay in build/guest/failed/CASE.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/../.." || exit 1

suite=$1
shift
build=$(cd "${B:-build}" && pwd) || exit 1
here=$PWD/tests/guest
kernel=$build/guest/vmlinuz
initramfs=$build/guest/initramfs.gz
lvisor=$build/lvisor

vendor=${VENDOR:-amd}
accel=${ACCEL:-tcg}
slow=
if [ "$vendor" = intel ] && [ "$accel" != kvm ]; then
	slow=900
	[ $# -gt 0 ] || set -- vendor count execve faulty cpus exact hostile bare
fi

case $suite in
guest) cases=$here/cases ;;
long) cases=$here/cases-long ;;
*)
	echo "run.sh: no suite $suite" >&2
	exit 2
	;;
esac

# boot [LVISOR-ARGUMENT...]: runs a guest; leaves $code, console, messages, events and log in $work.
boot()
{
	start_time=$(date +%s)
	seconds=${slow:-${limit:-300}}
	timeout -k 10 "$seconds" "$lvisor" run --vendor "$vendor" --accel "$accel" \
		--events "$work/events" --log "$work/log" --timeout $((seconds - 20)) "$@" </dev/null >"$work/console.raw" \
		2>"$work/messages"
	code=$?
	end_time=$(date +%s)
	tr -d '\r' <"$work/console.raw" >"$work/console"
}

# QEMU's arguments for a guest whose time goes by its instructions: what is to happen within a time does so,
# however slow this machine is. In Bochs, time does so always; in KVM it cannot.
counted=
[ "$vendor" = intel ] || [ "$accel" = kvm ] ||
	counted="-accel tcg,thread=single -icount shift=0,sleep=off -seed 7 -rtc base=2024-01-01,clock=vm"

# soon COMMAND...: waits until the command succeeds, for three minutes at least
soon()
{
	tries=1800
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# boot_script NAME [LVISOR-ARGUMENT...]: boots the test kernel with scripts/NAME.sh as its work, and $words
# for that on its command line.
boot_script()
{
	script=$1
	shift
	boot --kernel "$kernel" --initrd "$initramfs" \
		--append "quiet panic=-1 no_timer_check lvtest=$script ${words:-}" "$@"
}

# need_disk: the disk guest, built if it is not there yet, and what it works on; fails after "skip"
# if there can be none here.
need_disk()
{
	if ! tests/guest/disk.sh "$build/guest/disk" >"$work/disk.output" 2>&1; then
		echo "skip $case: $(tail -n 1 "$work/disk.output")"
		return 1
	fi
	disk=$build/guest/disk
	mkdir -p "$work/tests" "$work/deb/DEBIAN" "$work/deb/usr/bin"
	cp -r "$here/scripts-disk/." "$work/tests"
	cat >"$work/deb/DEBIAN/control" <<-END
		Package: greeting
		Version: 1.0
		Architecture: all
		Maintainer: nobody <nobody@example.org>
		Description: says hello
	END
	printf '#!/bin/sh\necho hello from a package\n' >"$work/deb/usr/bin/greeting"
	chmod 755 "$work/deb/usr/bin/greeting"
	dpkg-deb --root-owner-group --build "$work/deb" "$work/tests/greeting.deb" >"$work/disk.output"
	tar -C "$work/tests" -cf "$work/tests.tar" .
	head -c 32M /dev/urandom >"$work/large"
	large=$(md5sum <"$work/large" | cut -d ' ' -f 1)
}

# boot_disk NAME BUS [LVISOR-ARGUMENT...] -- [QEMU-ARGUMENT...]: boots the disk guest with
# scripts-disk/NAME.sh as its work, which has its disks and network on BUS (virtio, ahci); $flavour
# (cloud, generic) is its kernel and $parameters go to that. Leaves also $work/results.
boot_disk()
{
	script=$1 bus=$2
	shift 2
	user=user,guestfwd=tcp:10.0.2.100:7-cmd:cat # an echo
	: >"$work/results"
	if [ "$bus" = virtio ]; then
		set -- --disk "$disk/disk.img" --disk "$work/tests.tar" --disk "$work/large" \
			--net "$user" "$@"
	else
		set -- "$@" -device ahci,id=ahci -nic "$user,model=e1000e"
		port=0
		for file in "$disk/disk.img" "$work/tests.tar" "$work/large"; do
			set -- "$@" -device "ide-hd,drive=disk$port,bus=ahci.$port" \
				-drive "file=$file,if=none,id=disk$port,format=raw,snapshot=on"
			port=$((port + 1))
		done
	fi
	boot --kernel "$disk/vmlinuz-${flavour:=cloud}" --initrd "$disk/initrd-$flavour" \
		--append "quiet panic=-1 lvtest=$script ${parameters:-}" "$@" \
		-device virtio-serial-pci -chardev "file,id=results,path=$work/results" \
		-device virtserialport,chardev=results,name=results
	cat "$work/results" >>"$work/console"
}

# at_work WHAT: what scripts-disk/machine.sh has found is what a machine in order gives.
at_work()
{
	is "$1: exit code" "$code" 0
	holds "$1: login prompt" grep -q "guest login:" "$work/console"
	holds "$1: ran to its end" test -n "$(result end)"
	is "$1: reads its disk" "$(result disk)" "$large"
	is "$1: pings come back" "$(result ping)" 5
	is "$1: a TCP echo is the same" "$(result echo)" same
	is "$1: a package is installed" "$(result dpkg) $(result greeting)" \
		"0 hello from a package"
	is "$1: a program is compiled" "$(result words)" "c=7 i=7 length=6 table=6 0=5"
	is "$1: failed services" "$(result failed)" ""
}

# need_kernel SERIES FLAVOUR: $other is that kernel of Debian's (kernels.sh); fails after "skip" where it
# cannot be had.
need_kernel()
{
	if ! tests/guest/kernels.sh "$build/guest" "$1" "$2" >"$work/kernels.output" \
		2>"$work/kernels.messages"; then
		echo "skip $case $1 $2: $(tail -n 1 "$work/kernels.messages")"
		return 1
	fi
	other=$build/guest/vmlinuz-$1-$2
}

# boot_kernel PARAMETERS [LVISOR-ARGUMENT...]: boots $other with scripts/kernels.sh as its work.
boot_kernel()
{
	parameters=$1
	shift
	boot --kernel "$other" --initrd "$initramfs" --signature "$here/signatures/kernels" \
		--append "quiet panic=-1 lvtest=kernels $parameters" "$@"
}

# kernel_found WHAT: what boot_kernel saw of the kernel from below is what that says of itself.
kernel_found()
{
	is "$1: exit code" "$code" 0
	release=$(result release)
	symbols=$(result symbols)
	holds "$1: $release with $symbols symbols" \
		event '"kind": *"kernel"' "Linux ${release:-none}, ${symbols:-no} symbols, "
	wrong=
	for name in $(sed -n 's/^result symbol\.\([^ ]*\) .*/\1/p' "$work/console"); do
		address=$(result "symbol.$name")
		event "symbol $name ${address:-none} end" || wrong="$wrong $name"
	done
	if [ -n "$(result symbol.init_task)" ] && [ -z "$wrong" ]; then
		ok "$1: addresses"
	else
		fail "$1: addresses" "of$wrong"
	fi
	holds "$1: before the first program" event "start: all, programs 0, process 1 is swapper/0, end"
	holds "$1: a hook sees each call" event "seen 200, by calls /bin/calls uid 0, end"
	holds "$1: nothing is missing" no_event '"kind": *"\(error\|warning\|lost\)"'
}

# need_module NAME [WHAT]: the test module NAME is in the initramfs (modules.sh); else it says so and fails.
need_module()
{
	[ -e "$build/guest/modules/$1.ko" ] && return
	if [ -e "$build/guest/modules/$1.log" ]; then
		fail "${2:+$2: }test module $1" "$(grep -m 3 error "$build/guest/modules/$1.log")"
	else
		echo "skip $case${2:+: $2}: no test module $1 (the headers of the guest's kernel could not be had)"
	fi
	return 1
}

# raw_dump [LVISOR-ARGUMENT...]: boots $other without LVisor into scripts/endless.sh; leaves $work/raw, all of its
# 256 MB, and $registers, those that lead to the kernel.
raw_dump()
{
	rm -f "$work/monitor.in" "$work/monitor.out" "$work/console.raw"
	mkfifo "$work/monitor.in" "$work/monitor.out"
	cat "$work/monitor.out" >"$work/monitor" &
	drain=$!
	{
		until grep -q "^result start" "$work/console.raw" 2>/dev/null; do
			sleep 0.5
		done
		sleep 1
		cat >"$work/monitor.in" <<-END
			stop
			info registers
			pmemsave 0 $((256 << 20)) "$work/raw"
			quit
		END
	} &
	taker=$!
	boot --plain --memory 256 --kernel "$other" --initrd "$initramfs" --append "quiet panic=-1 lvtest=endless pti=on" \
		"$@" -chardev "pipe,id=mon,path=$work/monitor" -mon chardev=mon,mode=readline
	sleep 1 # until all of it has come through the pipe
	kill $taker $drain 2>/dev/null
	wait $taker $drain 2>/dev/null
	registers=$(sed -n 's/.*CR3=\([0-9a-f]*\) CR4=\([0-9a-f]*\).*/0x\1 0x\2/p' "$work/monitor" | head -n 1)
	registers="$registers 0x$(sed -n 's/^IDT= *\([0-9a-f]*\) .*/\1/p' "$work/monitor" | head -n 1)"
}

# discovery WHAT: host/discovery.c on the raw dump.
discovery()
{
	# shellcheck disable=SC2086
	if ! "$build/guest/discovery" "$work/raw" $registers >"$work/discovery" 2>&1; then
		fail "$1: discovery on a dump" "$(grep -v '^ok' "$work/discovery" | tail -n 20)"
		return
	fi
	ok "$1: all $(grep -c ^ok "$work/discovery") checks of discovery on a dump"
}

# refuse ARGUMENT...: runs lvisor as it is, for cases that are not to boot.
refuse()
{
	timeout -k 5 60 "$lvisor" "$@" </dev/null >"$work/console" 2>"$work/messages"
	code=$?
}

# result NAME: the value of the line "result NAME VALUE" on the console.
result()
{
	sed -n "s/^result $1 //p" "$work/console"
}

ok()
{
	echo "ok $case: $1"
}

fail()
{
	echo "FAIL $case: $1"
	shift
	[ $# -gt 0 ] && echo "    $*"
	[ -e "$work/failed" ] && return
	touch "$work/failed"
	rm -rf "$build/guest/failed/$case"
	mkdir -p "$build/guest/failed"
	cp -r "$work" "$build/guest/failed/$case"
	for file in console messages log events; do
		[ -s "$work/$file" ] || continue
		echo "    the end of $file:"
		tail -n 10 "$work/$file" | cut -c 1-200 | tr -c '\n\t\040-\176' '?' | sed 's/^/        /'
	done
}

# is NAME ACTUAL EXPECTED
is()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		fail "$1" "expected '$3', got '$2'"
	fi
}

# holds NAME COMMAND...: ok if the command succeeds.
holds()
{
	name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		ok "$name"
	else
		fail "$name" "does not hold: $*"
	fi
}

# event PATTERN...: is there an event whose line has all these (basic) patterns?
event()
{
	cp "$work/events" "$work/matching"
	for pattern in "$@"; do
		grep -e "$pattern" "$work/matching" >"$work/matching.next"
		mv "$work/matching.next" "$work/matching"
	done
	[ -s "$work/matching" ]
}

# no_event PATTERN...
no_event()
{
	! event "$@"
}

# refused NAME TEXT: the last refuse() ended with 1 and a message of one line that has TEXT.
refused()
{
	if [ "$code" -ne 1 ]; then
		fail "$1" "exit code $code: $(cat "$work/messages")"
	elif ! grep -qi -e "$2" "$work/messages"; then
		fail "$1" "message without '$2': $(cat "$work/messages")"
	else
		ok "$1"
	fi
}

if [ $# -eq 0 ]; then
	set -- "$cases"/*.sh
fi
for file in "$@"; do
	case=$(basename "$file" .sh)
	[ -f "$cases/$case.sh" ] || continue
	work=$(mktemp -d)
	: >"$work/events"
	(
		# shellcheck disable=SC1090
		. "$cases/$case.sh"
	)
	rm -rf "$work"
done
