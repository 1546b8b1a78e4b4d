# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# The host stops the emulator again and again, for longer than a handler or a pause may take: time
# that the guest's processor did not have counts for neither.

# emulator: the process of this case's guest
emulator()
{
	grep -l -s -z -F -x "LVISOR_TEST=$work" /proc/[0-9]*/environ | cut -d/ -f3 | while read -r pid; do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		qemu-system* | bochs*) echo "$pid" ;;
		esac
	done
}

(
	until grep -q '^result start' "$work/console.raw" 2>/dev/null; do
		sleep 0.1
	done
	pid=$(emulator)
	freezes=0
	while kill -STOP "$pid" 2>/dev/null; do
		sleep 0.3
		kill -CONT "$pid" 2>/dev/null || break
		freezes=$((freezes + 1))
		echo $freezes >"$work/freezes"
		sleep 0.2
	done
) &
freezer=$!
export LVISOR_TEST="$work"
boot_script frozen --cpus 2 --vmm budget=100 --signature "$here/signatures/frozen"
unset LVISOR_TEST
kill $freezer 2>/dev/null
wait $freezer 2>/dev/null
is "exit code" "$code" 0
is "calls return" "$(result calls)" 0
freezes=$(cat "$work/freezes" 2>/dev/null)
holds "the machine was stopped, $freezes times" test "${freezes:-0}" -ge 5
holds "each call is handled, no pause ends too early" event 'calls 400, failed 0, end'
holds "no error" no_event '"kind": *"error"'
holds "no restart" no_event '"kind": *"restart"'
