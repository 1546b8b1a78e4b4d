#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The demonstration: a Linux guest, a program that a signature finds and stops, and its twin.
# Fails when what it says did not happen.
set -u
export LC_ALL=C # tools' output is read
cd "$(dirname "$0")/../.." || exit 1

build=${B:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
events=$work/events.jsonl

cat <<'EOF'
LVisor boots Debian's unmodified kernel and, underneath, runs signatures/paper.lua: whenever a
program calls execve, its memory is searched for "suspicious " and a digit; a program that has it
is overwritten with zeros. In the guest, one program is started three times with other data.

EOF

vendor=${VENDOR:-amd}
limit=120
# Bochs emulates each instruction: a minute's patience on an idle machine
[ "$vendor" = intel ] && limit=900

timeout $((limit + 60)) "$build/lvisor" run --vendor "$vendor" --kernel "$build/guest/vmlinuz" \
	--initrd "$build/guest/initramfs.gz" --append "quiet panic=-1 lvtest=demo" \
	--signature signatures/paper.lua --events "$events" --timeout $limit \
	</dev/null >"$work/console" 2>"$work/messages" &
run=$!
# the console as it comes, without the lines that only this script reads
tail -f -n +1 --pid=$run "$work/console" "$work/messages" -q 2>/dev/null | grep -v '^result ' &
tail=$!
wait $run
code=$?
wait $tail

tr -d '\r' <"$work/console" >"$work/plain"
value()
{
	sed -n "s/^result $1 //p" "$work/plain"
}

failed=
complain()
{
	echo "demo: $*" >&2
	failed=1
}

echo
[ $code -eq 0 ] || complain "the guest did not end by itself (exit code $code)"
[ "$(value malicious)" = 139 ] ||
	complain "the malicious process was not stopped by SIGSEGV (139) but gave '$(value malicious)'"
[ "$(value benign)" = 42 ] || complain "the benign process did not live: '$(value benign)'"
[ "$(value again)" = 42 ] || complain "the second benign process did not live: '$(value again)'"
[ -n "$(value end)" ] || complain "the guest did not finish its work"
grep -q '"comm": *"victim"' "$events" || complain "no event names the process"
grep '"kind": *"error"' "$events" >&2 && complain "an error was reported (above)"
if [ -n "$failed" ]; then
	echo "demo: FAILED" >&2
	exit 1
fi
echo "What happened: the malicious process was ended by SIGSEGV before it could start the other"
echo "program, as its memory was zeroed from below; the same program with other data lived, and"
echo "the guest powered off as usual. The event that tells of it:"
echo
grep '"comm": *"victim"' "$events" | head -n 1
