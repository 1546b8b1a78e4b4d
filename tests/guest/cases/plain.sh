# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The machine without LVisor: what the tests themselves rest on.

boot_script execve --plain
is "exit code" "$code" 0
is "programs live" "$(result victim-bss) $(result victim-rodata) $(result shell)" "42 42 42"

boot_script endless --plain --timeout 6
is "time-out" "$code" 124
holds "time-out message" grep -q "did not end within 6 seconds" "$work/messages"

# typed text reaches the guest
mkfifo "$work/typed"
: >"$work/console.raw"
{
	soon grep -q "# " "$work/console.raw" # the shell's prompt
	echo echo 'typed-$((40+2))'
	soon grep -q "typed-42" "$work/console.raw"
	echo poweroff -f
} >"$work/typed" &
timeout 420 "$lvisor" run --accel tcg --plain --kernel "$kernel" --initrd "$initramfs" --append "quiet" \
	--timeout 400 <"$work/typed" >"$work/console.raw" 2>"$work/messages"
is "exit code with typed power-off" $? 0
holds "typed text" grep -q "typed-42" "$work/console.raw"

# ended by a signal, QEMU goes as well
"$lvisor" run --accel tcg --plain --kernel "$kernel" --initrd "$initramfs" \
	--append "quiet lvtest=endless" --timeout 60 </dev/null >"$work/console" 2>"$work/messages" &
pid=$!
soon grep -q . "/proc/$pid/task/$pid/children"
qemu=$(cat /proc/$pid/task/$pid/children)
kill -TERM $pid
wait $pid
is "exit code after SIGTERM" $? 1
holds "no QEMU left after SIGTERM" test ! -e "/proc/${qemu%% *}/fd/0"
"$lvisor" run --accel tcg --plain --kernel "$kernel" --initrd "$initramfs" \
	--append "quiet lvtest=endless" --timeout 60 </dev/null >"$work/console" 2>"$work/messages" &
pid=$!
soon grep -q . "/proc/$pid/task/$pid/children"
qemu=$(cat /proc/$pid/task/$pid/children)
kill -KILL $pid
wait $pid 2>/dev/null
soon test ! -e "/proc/${qemu%% *}/fd/0"
holds "no QEMU left after SIGKILL" test ! -e "/proc/${qemu%% *}/fd/0"
