/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start by a multiboot (version 1) loader, QEMU's or GRUB's: take in the memory map and the
 * modules, choose our range at the top of RAM below 4 GB, load the guest's kernel, move the image
 * to that range and go on in vmm_main().
 *
 * Modules are told apart by a word in their string: "@kernel COMMAND-LINE", "@initrd", "@engine",
 * "@signatures"; what stands before it (QEMU puts the file's path there) is ignored.
 */
#include "boot/boot.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/string.h"

#define MULTIBOOT_LOADED 0x2badb002u
#define MBI_CMDLINE	 BIT(2)
#define MBI_MODULES	 BIT(3)
#define MBI_MMAP	 BIT(6)

#define DEFAULT_OWN_MB 56
#define MIN_OWN_MB     24
#define LOW_4GB	       0x100000000ull

/* Multiboot specification 0.6.96, 3.3 */
struct packed multiboot_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
};

struct packed multiboot_module {
	u32 start, end, string, reserved;
};

struct packed multiboot_mmap {
	u32 size; /* of the rest */
	u64 base, length;
	u32 type;
};

extern u8 image_start[], image_end[];

static struct boot_info info;

static void read_memory_map(const struct multiboot_info *mbi)
{
	/* In 64 bits no sum wraps, whatever the loader says. */
	u64 at = mbi->mmap_addr, end = at + mbi->mmap_length;

	if (!(mbi->flags & MBI_MMAP))
		fatal("the boot loader gave no memory map; start LVisor with QEMU or GRUB 2");
	while (at + sizeof(struct multiboot_mmap) <= end) {
		const struct multiboot_mmap *e = boot_ptr(at);

		if (end > LOW_4GB || e->size < sizeof(*e) - sizeof(e->size) ||
		    e->size > end - at - sizeof(e->size))
			fatal("the boot loader's memory map is damaged: an entry does not fit");
		if (info.memory_entries == MAX_MEMORY_ENTRIES)
			fatal("the memory map has more than %u entries", MAX_MEMORY_ENTRIES);
		if (e->length && e->base < BIT(52) && e->length <= BIT(52) - e->base)
			info.memory[info.memory_entries++] =
				(struct memory_entry){e->base, e->length, e->type};
		at += e->size + sizeof(e->size);
	}
}

static struct module find_module(const struct multiboot_info *mbi, const char *role)
{
	const struct multiboot_module *mods = boot_ptr(mbi->mods_addr);

	for (u32 i = 0; i < mbi->mods_count && (mbi->flags & MBI_MODULES); i++) {
		const char *text = find_word(boot_ptr(mods[i].string), role);

		if (!text || (*text && *text != ' ') || mods[i].end < mods[i].start)
			continue;
		return (struct module){mods[i].start, mods[i].end - mods[i].start,
				       *text ? text + 1 : text};
	}
	return (struct module){0};
}

/* The highest RAM below 4 GB that can hold size bytes and no module. */
static void choose_own_range(const struct multiboot_info *mbi, u64 size)
{
	const struct multiboot_module *mods = boot_ptr(mbi->mods_addr);
	u64 modules_end = virt_to_phys(image_end);
	u64 best = 0;

	for (u32 i = 0; i < mbi->mods_count && (mbi->flags & MBI_MODULES); i++)
		if (mods[i].end > modules_end)
			modules_end = mods[i].end;
	for (u32 i = 0; i < info.memory_entries; i++) {
		const struct memory_entry *e = &info.memory[i];
		u64 end = e->base + e->size < LOW_4GB ? e->base + e->size : LOW_4GB;
		u64 start;

		if (e->type != MEMORY_RAM || end < size)
			continue;
		start = align_down(end - size, LARGE_PAGE_SIZE);
		if (start >= e->base && start >= modules_end && start > best)
			best = start;
	}
	if (!best)
		fatal("too little memory: no room for the hypervisor's %lu MB beside kernel and "
		      "initrd; give the machine more memory (--memory)",
		      size >> 20);
	info.own = best;
	info.own_size = size;
}

static hpa_t take_in(const struct module *m, u64 *size)
{
	hpa_t to = info.free;

	if (!m->size)
		return 0;
	if (m->size > info.own + info.own_size - to)
		fatal("too little memory for the hypervisor: engine and signatures do not fit in "
		      "%lu MB; give it more (vmm option mem=MB)",
		      info.own_size >> 20);
	memcpy(boot_ptr(to), boot_ptr(m->start), m->size);
	*size = m->size;
	info.free = align_up(to + m->size, PAGE_SIZE);
	return to;
}

static u64 own_size_option(void)
{
	const char *text = find_word(info.options, "mem=");
	u64 mb = text ? parse_number(text) : DEFAULT_OWN_MB;

	if (mb < MIN_OWN_MB || mb > 1024)
		fatal("vmm option mem=%lu: give %u to 1024 (MB)", mb, MIN_OWN_MB);
	return align_up(mb << 20, LARGE_PAGE_SIZE);
}

void boot_multiboot(u32 magic, u32 mbi_pa) __noreturn;

void boot_multiboot(u32 magic, u32 mbi_pa)
{
	const struct multiboot_info *mbi = boot_ptr(mbi_pa);
	u64 image_size = (u64)(image_end - image_start);
	struct module kernel, initrd, engine, archive;
	const char *error;
	hpa_t root;

	memory_init(0, 0, VMM_BASE); /* until there are pages: physical addresses of the image */
	if (magic != MULTIBOOT_LOADED)
		fatal("not started by a multiboot loader");
	if (mbi->flags & MBI_CMDLINE) {
		const char *text = boot_ptr(mbi->cmdline);
		size_t size = strlen(text);

		if (size >= sizeof(info.options))
			fatal("the vmm's command line is longer than %lu characters",
			      sizeof(info.options) - 1);
		memcpy(info.options, text, size);
	}
	read_memory_map(mbi);
	acpi_find_cpus(&info);
	acpi_find_sleep(&info);
	acpi_find_pci(&info);
	kernel = find_module(mbi, "@kernel");
	initrd = find_module(mbi, "@initrd");
	engine = find_module(mbi, "@engine");
	archive = find_module(mbi, "@signatures");
	if (!kernel.size)
		fatal("no kernel: the loader gave no module with the word @kernel");
	error = linux_check(boot_ptr(kernel.start), kernel.size);
	if (error)
		fatal("kernel: %s", error);
	choose_own_range(mbi, own_size_option());

	info.free = info.own + align_up(image_size, PAGE_SIZE);
	info.engine = take_in(&engine, &info.engine_size);
	info.archive = take_in(&archive, &info.archive_size);
	error = linux_load(&info, &kernel, &initrd);
	if (error)
		fatal("%s", error);

	acpi_add_hot_plug(&info);

	/* The pages behind the modules; info must have its final values before it is copied. */
	memory_init(info.free, info.own + info.own_size, 0);
	root = vmm_space_build(&info);
	memory_set_offset(DIRECT_BASE);
	boot_relocate(info.own, image_size, root, &info);
}
