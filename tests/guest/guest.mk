# What the guests of demo, tests and measurements boot.
GUEST_KERNEL := $(B)/guest/vmlinuz
GUEST_INITRAMFS := $(B)/guest/initramfs.gz
GUEST_SOURCES := $(wildcard tests/guest/programs/*.[ch] tests/guest/scripts/*.sh bench/programs/*.c)

$(GUEST_KERNEL):
	$(Q)tests/guest/kernel.sh $@

# Test modules; a shell expands the names, since they are not there when make reads this.
GUEST_MODULES := $(B)/guest/modules/built

$(GUEST_MODULES): tests/guest/modules.sh $(wildcard tests/guest/modules/*.[ch]) | $(GUEST_KERNEL)
	$(Q)tests/guest/modules.sh $(GUEST_KERNEL) $(@D)

$(GUEST_INITRAMFS): tests/guest/initramfs.sh $(GUEST_SOURCES) $(GUEST_MODULES)
	$(Q)tests/guest/initramfs.sh $@ $(wildcard bench/programs/*.c) \
		$$(find $(B)/guest/modules -name '*.ko')

# Programs that cases need on the host.
GUEST_HOST := $(patsubst tests/guest/host/%.c,$(B)/guest/%,$(wildcard tests/guest/host/*.c))

$(GUEST_HOST): $(B)/guest/%: tests/guest/host/%.c tests/unit/isf_maker.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(COMMON_CFLAGS) -O2 -D_GNU_SOURCE -I. -Iinclude -o $@ $< $(HOST_SRCS) -lbpf -ljansson $(HOST_LIBS)

$(B)/guest/without_btf: HOST_LIBS = -lzstd

# With the engine's introspection in it.
$(B)/guest/discovery: HOST_SRCS = $(LINUX_SRCS) engine/guest.c engine/base/text.c
$(B)/guest/discovery: HOST_LIBS = -lcapstone -lz
$(B)/guest/discovery: $(LINUX_SRCS) $(wildcard engine/linux/*.h engine/linux/*/*.h) engine/guest.c engine/base/text.c

guest: $(GUEST_KERNEL) $(GUEST_INITRAMFS) $(GUEST_HOST)
.PHONY: guest

# A whole Debian on a disk image, for the cases in cases-disk/: tests/guest/disk.sh
GUEST_DISK := $(B)/guest/disk

guest-disk:
	$(Q)tests/guest/disk.sh $(GUEST_DISK)
.PHONY: guest-disk
