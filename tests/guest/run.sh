#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Guest tests: boots guests through build/lvisor and checks what they print and what LVisor
# reports. Prints "ok NAME", "FAIL NAME" (with the reason below), "skip NAME".
#
#	tests/guest/run.sh guest|long [CASE...]		all cases, or those named
#
# VENDOR=intel boots in Bochs, where a boot takes ten times as long: a selection of the cases.
#
# A case is a file in tests/guest/cases/ (cases-long/ for long): it boots what it needs, with the
# functions below, and one boot may serve many checks. After a failure the files of the boot stay
# in build/guest/failed/CASE.
set -u
cd "$(dirname "$0")/../.." || exit 1

suite=$1
shift
build=$(cd "${B:-build}" && pwd) || exit 1
here=$PWD/tests/guest
kernel=$build/guest/vmlinuz
initramfs=$build/guest/initramfs.gz
lvisor=$build/lvisor

vendor=${VENDOR:-amd}
slow=
if [ "$vendor" = intel ]; then
	slow=900
	[ $# -gt 0 ] || set -- vendor count execve faulty cpus exact
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
	seconds=${slow:-${limit:-150}}
	timeout -k 10 "$seconds" "$lvisor" run --vendor "$vendor" --events "$work/events" \
		--log "$work/log" --timeout $((seconds - 20)) "$@" </dev/null >"$work/console.raw" \
		2>"$work/messages"
	code=$?
	end_time=$(date +%s)
	tr -d '\r' <"$work/console.raw" >"$work/console"
}

# boot_script NAME [LVISOR-ARGUMENT...]: boots the test kernel with scripts/NAME.sh as its work.
boot_script()
{
	script=$1
	shift
	boot --kernel "$kernel" --initrd "$initramfs" \
		--append "quiet panic=-1 lvtest=$script" "$@"
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
	touch "$work/failed"
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
	if [ -e "$work/failed" ]; then
		rm -rf "$build/guest/failed/$case"
		mkdir -p "$build/guest/failed"
		cp -r "$work" "$build/guest/failed/$case"
	fi
	rm -rf "$work"
done
