# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
# Every way in which a guest resets the machine or switches it off, with and without signatures: it
# ends as it would without LVisor, and the last event is there.

leave()
{
	how=$1
	shift
	boot --kernel "$kernel" --initrd "$initramfs" --append "quiet panic=-1 lvtest=leave $how" "$@"
	is "$how: exit code" "$code" 0
	is "$how: the machine ends" "$(result stayed)" ""
}

for how in "lvhow=reboot reboot=k" "lvhow=reboot reboot=t" "lvhow=reboot reboot=p" \
	"lvhow=reboot reboot=a" lvhow=sysrqb lvhow=panic lvhow=poweroff lvhow=sysrqo lvhow=s4 lvhow=s5; do
	leave "$how" --signature "$here/signatures/count/count.lua"
	holds "$how: the last event is there" event 'filtered 100,'
	holds "$how: nothing is lost" no_event '"kind": *"lost"'
	holds "$how: no refusal" no_event '"kind": *"refused"'
done
# By the firmware's own code, which runs in the guest and would like to write to its copy in memory.
for how in "lvhow=reboot reboot=b" "lvhow=reboot reboot=e"; do
	leave "$how"
done
leave "lvhow=reboot reboot=t" --cpus 2
leave lvhow=s5 --cpus 2

# Resets after which a firmware could go on in the guest's code: cases/reset.sh has another.
for how in warm60 warm92 warmcf9 warmreboot; do
	boot --kernel "$kernel" --initrd "$initramfs" --append "quiet panic=-1 lvtest=leave lvhow=$how" \
		-- -action reboot=reset
	is "$how: exit code" "$code" 0
	is "$how: nothing goes on, the guest boots again" \
		"$(result warm) $(result escaped) $(result again)" "0  1"
	is "$how: LVisor is below both times" "$(grep -a -c "^LVisor .* on " "$work/log")" 2
done
