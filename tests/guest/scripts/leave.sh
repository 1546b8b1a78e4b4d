# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Ends the machine in the way that lvhow names; the last event comes right before.
# A reset that keeps memory leads into the code of the boot before, or, as it should, to a new boot.
warm()
{
	if [ "$(power cmos 0x60)" = 90 ]; then
		result again 1
		poweroff -f
	fi
	power cmos 0x60 90 >/dev/null
	power warm 0xfe
	result warm $?
}

calls getppid 100
calls getpriority 1
case $(sed -n 's/.*lvhow=\([a-z0-9]*\).*/\1/p' /proc/cmdline) in
reboot) reboot -f ;;
sysrqb) echo b >/proc/sysrq-trigger ;;
sysrqo) echo o >/proc/sysrq-trigger ;;
panic) echo c >/proc/sysrq-trigger ;;
s4) power outw 0x604 0x2800 ;; # PM1a_CNT of QEMU's PC
s5) power outw 0x604 0x2000 ;;
poweroff) poweroff -f ;;
warm64) warm && power outb 0x64 0xfe ;;
warm60) warm && power outb 0x64 0xd1 && power outb 0x60 0xfe ;;
warm92) warm && power outb 0x92 1 ;;
warmcf9) warm && power outb 0xcf9 4 ;;
warmreboot) warm && reboot -f ;;
esac
sleep 60 # what ends the machine may take its time
result stayed 1
