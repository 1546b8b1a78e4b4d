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
leave "lvhow=reboot reboot=t" --cpus 2
leave lvhow=s5 --cpus 2
