# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The oracle for the views: what /proc says of a workload, printed by the program that makes it.

ip link set lo up
mount -t devpts devpts /dev/pts 2>/dev/null || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; }
mkdir -p /tmp/views /tmp/cgroup
mount -t cgroup2 cgroup2 /tmp/cgroup
echo 4 >/proc/sys/vm/nr_hugepages
for module in /modules/*.ko /kernel-modules/*.ko; do
	case $module in
	*/hostile.ko) ;; # does what its name says
	*) [ -e "$module" ] && insmod "$module" 2>/dev/null ;;
	esac
done
views "$(sed -n 's/.*lvsize=\([a-z]*\).*/\1/p' /proc/cmdline)"
result code $?
