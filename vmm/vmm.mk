# The hypervisor image: a flat binary with a multiboot header (boot/multiboot.S).
# What guests execute is told by line (tests/guest/coverage.sh): code stays near its lines.
VMM_OPTIMIZE := $(if $(COVERAGE),-Og -fno-inline,-O2 $(LTO))
VMM_CFLAGS := $(COMMON_CFLAGS) $(VMM_OPTIMIZE) -ffreestanding -mgeneral-regs-only -mno-red-zone -mcmodel=kernel \
	-fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -fomit-frame-pointer \
	-fcf-protection=none -Wconversion -I. -Iinclude
ifdef DEBUG
VMM_CFLAGS += -DLVISOR_DEBUG
endif
VMM_C := $(wildcard boot/*.c vmm/*.c vmm/guest/*.c vmm/x86/*.c vmm/svm/*.c vmm/vmx/*.c vmm/monitor/*.c vmm/domain/*.c)
# says why the CPU refuses a VMCS
VMM_C := $(if $(DEBUG),$(VMM_C),$(filter-out vmm/vmx/check.c,$(VMM_C)))
VMM_S := $(wildcard boot/*.S vmm/*.S vmm/x86/*.S vmm/svm/*.S vmm/vmx/*.S vmm/domain/*.S)
VMM_OBJS := $(VMM_S:%.S=$(B)/%.S.o) $(VMM_C:%.c=$(B)/%.o)

# Or a loop in memmove becomes a call of memmove; clang is told by -ffreestanding.
$(B)/vmm/string.o: VMM_CFLAGS += $(if $(findstring clang,$(CC)),,-fno-tree-loop-distribute-patterns)

$(B)/vmm/main.o: VMM_CFLAGS += $(WITH_VERSION)
$(B)/vmm/main.o: VERSION

$(filter-out %.S.o,$(VMM_OBJS)): $(B)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CFLAGS) -MMD -MP -c $< -o $@

$(filter %.S.o,$(VMM_OBJS)): $(B)/%.S.o: %.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(VMM_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c $< -o $@

$(B)/lvisor.elf: $(VMM_OBJS) vmm/vmm.lds
	$(Q)$(CC) $(VMM_CFLAGS) -nostdlib -static -no-pie -Wl,--build-id=sha1 -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -T vmm/vmm.lds -o $@ $(VMM_OBJS)

$(B)/lvisor.bin: $(B)/lvisor.elf
	$(Q)objcopy -O binary $< $@

-include $(VMM_OBJS:.o=.d)
