# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# The oracle for the views in a whole Debian: the workload of programs/views.c, and programs that run
# from an overlay, among systemd's services.

until pgrep agetty >/dev/null; do
	sleep 0.2
done
mkdir -p /run/layers/lower /run/layers/upper /run/layers/work /run/layers/all /tmp/views /tmp/cgroup
cp /run/test/views /bin/views
cp /bin/sleep /bin/views /run/layers/lower
mount -t overlay -o lowerdir=/run/layers/lower,upperdir=/run/layers/upper,workdir=/run/layers/work \
	overlay /run/layers/all
/run/layers/all/sleep 10000 &
sleeper=$!
mount -t cgroup2 cgroup2 /tmp/cgroup
echo 4 >/proc/sys/vm/nr_hugepages
sleep 5
/run/layers/all/views large
result code $?
kill $sleeper
