# What the guests of demo, tests and measurements boot.
GUEST_KERNEL := $(B)/guest/vmlinuz
GUEST_INITRAMFS := $(B)/guest/initramfs.gz
GUEST_SOURCES := $(wildcard tests/guest/programs/*.c tests/guest/scripts/*.sh bench/programs/*.c)

$(GUEST_KERNEL):
	$(Q)tests/guest/kernel.sh $@

$(GUEST_INITRAMFS): tests/guest/initramfs.sh $(GUEST_SOURCES)
	$(Q)tests/guest/initramfs.sh $@ $(wildcard bench/programs/*.c)

guest: $(GUEST_KERNEL) $(GUEST_INITRAMFS)
.PHONY: guest

# A whole Debian on a disk image, for the cases in cases-disk/: tests/guest/disk.sh
GUEST_DISK := $(B)/guest/disk

guest-disk:
	$(Q)tests/guest/disk.sh $(GUEST_DISK)
.PHONY: guest-disk
