#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Turns a fresh Debian into the disk guest; mmdebstrap's hook: customize.sh ROOT. What is switched
# off makes the boot fast in an emulator or makes two boots differ; the rest is as Debian has it.
set -eu
export LC_ALL=C # tools' output is read
here=$(cd "$(dirname "$0")" && pwd)
root=$1
etc=$root/etc

echo guest >"$etc/hostname"
printf '127.0.0.1 localhost guest\n' >"$etc/hosts"
echo 0123456789abcdef0123456789abcdef >"$etc/machine-id"
: >"$etc/fstab"
echo "nameserver 10.0.2.3" >"$etc/resolv.conf"
chroot "$root" passwd -d root >/dev/null

# the addresses that QEMU's user-mode network would give by DHCP
mkdir -p "$etc/systemd/network"
cat >"$etc/systemd/network/lan.network" <<'END'
[Match]
Type=ether

[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
END

mkdir -p "$etc/systemd/journald.conf.d" "$etc/systemd/system.conf.d" \
	"$etc/systemd/system-generators"
printf '[Journal]\nStorage=volatile\n' >"$etc/systemd/journald.conf.d/volatile.conf"
printf '[Manager]\nDefaultTimeoutStartSec=600\nDefaultTimeoutStopSec=300\nDefaultDeviceTimeoutSec=600\n' \
	>"$etc/systemd/system.conf.d/slow.conf"
for generator in "$root"/lib/systemd/system-generators/*; do
	ln -sf /dev/null "$etc/systemd/system-generators/$(basename "$generator")"
done

# self-tests of accelerated ciphers take seconds; the others have nothing to drive here
for module in kvm kvm_amd kvm_intel ccp aesni_intel ghash_clmulni_intel polyval_clmulni \
	crct10dif_pclmul crc32_pclmul crc32c_intel sha512_ssse3 sha256_ssse3 sha1_ssse3 floppy \
	pcspkr psmouse i2c_piix4 parport parport_pc evdev joydev serio_raw bochs cirrus sg; do
	echo "blacklist $module"
done >"$etc/modprobe.d/guest.conf"

cp "$here/guest-test" "$root/usr/local/sbin/guest-test"
cp "$here/test.service" "$etc/systemd/system/guest-test.service"
chroot "$root" systemctl -q enable systemd-networkd.service serial-getty@ttyS0.service \
	guest-test.service
chroot "$root" systemctl -q disable systemd-networkd-wait-online.service
chroot "$root" systemctl -q mask getty@tty1.service getty-static.service \
	apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
	e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer \
	systemd-random-seed.service systemd-update-utmp.service \
	systemd-update-utmp-runlevel.service systemd-machine-id-commit.service \
	systemd-hwdb-update.service systemd-journal-catalog-update.service \
	systemd-journal-flush.service systemd-update-done.service systemd-firstboot.service \
	systemd-sysusers.service systemd-binfmt.service systemd-pstore.service \
	systemd-remount-fs.service systemd-rfkill.socket ldconfig.service

rm -rf "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/* "$root"/boot/initrd.img-* \
	"$root"/initrd.img* "$root"/vmlinuz*
