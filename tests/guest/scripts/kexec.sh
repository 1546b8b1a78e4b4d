# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Another kernel takes over (lvhow=kexec: by reboot, lvhow=crash: by a panic); in it, this script
# runs again, without lvhow.
how=$(sed -n 's/.*lvhow=\([a-z]*\).*/\1/p' /proc/cmdline)
result "svm${how:-after}" "$(power svm)"
calls getpriority 1
calls getppid "$([ "$how" ] && echo 100 || echo 300)"
result "calls${how:-after}" $?
calls getpriority 1
line="quiet panic=-1 lvtest=kexec console=ttyS0"
case $how in
kexec)
	power load /kexec/vmlinuz /kexec/initramfs "$line"
	result load $?
	power kexec
	result kexec $?
	;;
crash)
	power crash /kexec/vmlinuz /kexec/initramfs "$line nr_cpus=1"
	result load $?
	echo c >/proc/sysrq-trigger
	;;
esac
