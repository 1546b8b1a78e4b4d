# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# An ordinary system at work, on whatever disk and network the machine has: login prompt, the large
# file on the third disk, network, a package, a compiler.

result kernel "$(uname -r)"
result cpus "$(nproc)"
result la57 "$(grep -cw la57 /proc/cpuinfo)"
result pti "$(grep -cw pti /proc/cpuinfo)"

until pgrep agetty >/dev/null; do
	sleep 0.2
done

result bus "$(findmnt -n -o SOURCE /)"
# the large file by its 32 MB: the order of disks is that in which they were found
for disk in /sys/block/[vs]d?; do
	[ "$(cat "$disk/size")" = 65536 ] || continue
	result disk "$(md5sum <"/dev/${disk##*/}" | cut -d ' ' -f 1)"
done

network=$(ls -d /sys/class/net/e*)
result driver "$(basename "$(readlink "$network/device/driver")")"
tries=0
until ping -c 1 -W 2 10.0.2.2 >/dev/null || [ $tries -gt 30 ]; do
	tries=$((tries + 1))
	sleep 1
done
ping -c 5 -i 0.2 -W 5 10.0.2.2 >/run/ping
result ping "$(sed -n 's/.*, \([0-9]*\) received.*/\1/p' /run/ping)"
# an echo over TCP: the host has cat behind this address
head -c 2000000 /dev/urandom >/run/sent
timeout 100 nc -N 10.0.2.100 7 </run/sent >/run/received
cmp /run/sent /run/received && result echo same

if [ -e greeting.deb ]; then
	dpkg -i greeting.deb >/run/dpkg 2>&1
	result dpkg $?
	result greeting "$(greeting)"
fi
if [ -d build ]; then
	make -s -C build 2>&1
	result program "$(md5sum <build/words | cut -d ' ' -f 1)"
	result words "$(build/words <build/words.c)"
fi
result failed "$(systemctl --failed --no-legend --plain | cut -d ' ' -f 1 | tr '\n' ' ')"
result messages begin
dmesg | sed 's/^\[[^]]*\] //'
result messages end
