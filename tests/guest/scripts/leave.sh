# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Ends the machine in the way that lvhow names; the last event comes right before.
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
esac
sleep 10
result stayed 1
