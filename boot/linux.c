/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a Linux bzImage as the guest, by the 64-bit boot protocol (Linux:
 * Documentation/arch/x86/boot.rst): kernel at its preferred address, initrd as high as it may be,
 * boot_params with the memory map (our range reserved), command line, page tables and GDT in low
 * memory. The protocol's headers come from a file that anybody may have made: every field is
 * checked before it is used.
 */
#include "boot/boot.h"
#include "vmm/memory.h"
#include "vmm/string.h"
#include "vmm/x86/paging.h"

/* Offsets in a bzImage and in boot_params: Linux, arch/x86/include/uapi/asm/bootparam.h */
#define HDR_START	    0x1f1u
#define HDR_SETUP_SECTS	    0x1f1u
#define HDR_SYSSIZE	    0x1f4u
#define HDR_MAGIC	    0x202u
#define HDR_END_BYTE	    0x201u
#define HDR_VERSION	    0x206u
#define HDR_TYPE_OF_LOADER  0x210u
#define HDR_LOADFLAGS	    0x211u
#define HDR_RAMDISK_IMAGE   0x218u
#define HDR_RAMDISK_SIZE    0x21cu
#define HDR_CMD_LINE_PTR    0x228u
#define HDR_INITRD_ADDR_MAX 0x22cu
#define HDR_XLOADFLAGS	    0x236u
#define HDR_CMDLINE_SIZE    0x238u
#define HDR_PREF_ADDRESS    0x258u
#define HDR_INIT_SIZE	    0x260u
#define HDR_SIZE_AT_LEAST   0x268u
#define PARAMS_E820_ENTRIES 0x1e8u
#define PARAMS_E820_TABLE   0x2d0u
#define PARAMS_E820_MAX	    128u

#define MAGIC_HDRS    0x53726448u
#define LOADED_HIGH   1u
#define XLF_KERNEL_64 1u
#define VERSION_MIN   0x020cu

/* Low memory that we take; the firmware's and the loader's data there is no longer needed. */
#define LOW_PARAMS  0x10000u
#define LOW_GDT	    0x11000u
#define LOW_TABLES  0x12000u /* six pages: identity map of 4 GB */
#define LOW_CMDLINE 0x20000u
#define CMDLINE_MAX 0xf000u
#define LOW_STACK   0x1f000u
#define LOW_END	    0x100000u
#define MAPPED_END  0x100000000ull /* of physical memory that can be reached here */

/* Of the BIOS data area: set by the BIOS of an EGA or VGA only. */
#define BDA_CHARACTER_HEIGHT 0x485u

extern u8 image_start[], image_end[]; /* where the loader has put us */

struct packed e820_entry {
	u64 base, size;
	u32 type;
};

static u8 get8(const void *base, u32 offset)
{
	return ((const u8 *)base)[offset];
}

static u16 get16(const void *base, u32 offset)
{
	u16 v;

	memcpy(&v, (const u8 *)base + offset, sizeof(v));
	return v;
}

static u32 get32(const void *base, u32 offset)
{
	u32 v;

	memcpy(&v, (const u8 *)base + offset, sizeof(v));
	return v;
}

static u64 get64(const void *base, u32 offset)
{
	u64 v;

	memcpy(&v, (const u8 *)base + offset, sizeof(v));
	return v;
}

static void put(void *base, u32 offset, u64 value, size_t size)
{
	memcpy((u8 *)base + offset, &value, size);
}

static u64 setup_size(const void *image)
{
	u32 sectors = get8(image, HDR_SETUP_SECTS);

	return (sectors ? sectors + 1 : 5) * 512ull;
}

u64 linux_init_size(const void *image)
{
	return get32(image, HDR_INIT_SIZE);
}

const char *linux_check(const void *image, u64 size)
{
	if (size < HDR_SIZE_AT_LEAST || get32(image, HDR_MAGIC) != MAGIC_HDRS)
		return "not a Linux bzImage (no \"HdrS\" at 0x202); give the file that a "
		       "distribution installs as /boot/vmlinuz-*";
	if (get16(image, HDR_VERSION) < VERSION_MIN)
		return "its boot protocol is older than 2.12 (Linux 3.8)";
	if (!(get8(image, HDR_LOADFLAGS) & LOADED_HIGH) ||
	    !(get16(image, HDR_XLOADFLAGS) & XLF_KERNEL_64))
		return "not a 64-bit kernel (XLF_KERNEL_64 is not set)";
	if (get8(image, HDR_END_BYTE) + HDR_MAGIC > 0x290 || setup_size(image) >= size)
		return "damaged: its header does not fit its size";
	if (get32(image, HDR_INIT_SIZE) < size - setup_size(image))
		return "damaged: init_size is smaller than the kernel";
	if (get64(image, HDR_PREF_ADDRESS) < LOW_END ||
	    get64(image, HDR_PREF_ADDRESS) > MAPPED_END - get32(image, HDR_INIT_SIZE))
		return "damaged: its preferred address is not between 1 MB and 4 GB";
	return NULL;
}

static bool is_free_ram(const struct boot_info *bi, u64 start, u64 size)
{
	if (ranges_overlap(start, size, bi->own, bi->own_size))
		return false;
	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *e = &bi->memory[i];

		if (e->type == MEMORY_RAM && start >= e->base && size <= e->size &&
		    start - e->base <= e->size - size)
			return true;
	}
	return false;
}

/* Would writing there overwrite the code that writes? */
static bool hits_us(u64 start, u64 size)
{
	return ranges_overlap(start, size, virt_to_phys(image_start),
			      (u64)(image_end - image_start));
}

/* Memory map of the guest: the firmware's, with our range cut out of its RAM. */
static const char *put_memory_map(const struct boot_info *bi, u8 *params)
{
	u32 count = 0;

	for (u32 i = 0; i < bi->memory_entries; i++) {
		const struct memory_entry *e = &bi->memory[i];
		u64 end = e->base + e->size, own_end = bi->own + bi->own_size;
		struct e820_entry parts[3] = {{e->base, e->size, e->type}};
		u32 n = 1;

		if (e->type == MEMORY_RAM && bi->own >= e->base && own_end <= end) {
			parts[0].size = bi->own - e->base;
			parts[1] = (struct e820_entry){bi->own, bi->own_size, MEMORY_RESERVED};
			parts[2] = (struct e820_entry){own_end, end - own_end, e->type};
			n = 3;
		}
		for (u32 k = 0; k < n; k++) {
			if (!parts[k].size)
				continue;
			if (count == PARAMS_E820_MAX)
				return "the memory map has too many entries for Linux";
			memcpy(params + PARAMS_E820_TABLE + count++ * sizeof(parts[k]), &parts[k],
			       sizeof(parts[k]));
		}
	}
	params[PARAMS_E820_ENTRIES] = (u8)count;
	return NULL;
}

/*
 * What the kernel's 16-bit code would find, so that the guest has the console it would have: text
 * mode 3, or no VGA (Linux: arch/x86/boot/video.c and video-vga.c).
 */
static void put_screen_info(u8 *params)
{
	const bool vga = get8(boot_ptr(BDA_CHARACTER_HEIGHT), 0) != 0;

	put(params, 0x06, vga ? 3 : 0, 1);    /* orig_video_mode */
	put(params, 0x07, 80, 1);	      /* orig_video_cols */
	put(params, 0x0a, vga ? 3 : 0x10, 2); /* orig_video_ega_bx: EGA or better, or 0x10 */
	put(params, 0x0e, 25, 1);	      /* orig_video_lines */
	put(params, 0x0f, vga, 1);	      /* orig_video_isVGA */
	put(params, 0x10, vga ? 16 : 0, 2);   /* orig_video_points */
}

static void build_low_tables(struct guest_entry *guest)
{
	static const u64 gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff};
	u64 *root = boot_ptr(LOW_TABLES), *pdpt = boot_ptr(LOW_TABLES + PAGE_SIZE);

	memset(root, 0, 6 * PAGE_SIZE);
	root[0] = (u64)pdpt | PTE_P | PTE_W;
	for (u64 i = 0; i < 4; i++) {
		u64 *directory = boot_ptr(LOW_TABLES + (2 + i) * PAGE_SIZE);

		pdpt[i] = (u64)directory | PTE_P | PTE_W;
		for (u64 k = 0; k < 512; k++)
			directory[k] = (i * 512 + k) * LARGE_PAGE_SIZE | PTE_P | PTE_W | PTE_LARGE;
	}
	memcpy(boot_ptr(LOW_GDT), gdt, sizeof(gdt));
	guest->cr3 = LOW_TABLES;
	guest->gdt_base = LOW_GDT;
	guest->gdt_limit = sizeof(gdt) - 1;
	guest->cs = 0x10; /* __BOOT_CS, __BOOT_DS */
	guest->ds = 0x18;
}

const char *linux_load(struct boot_info *bi, const struct module *kernel,
		       const struct module *initrd)
{
	const void *image = boot_ptr(kernel->start);
	u64 load = get64(image, HDR_PREF_ADDRESS), init_size = get32(image, HDR_INIT_SIZE);
	u64 initrd_max = (u64)get32(image, HDR_INITRD_ADDR_MAX) + 1, initrd_at = 0;
	u64 setup = setup_size(image), text_size = strlen(kernel->text);
	static u8 params[PAGE_SIZE];
	const char *error;

	if (!is_free_ram(bi, load, init_size))
		return "too little memory: the kernel does not fit at its preferred address; give "
		       "the machine more memory (--memory)";
	if (hits_us(load, kernel->size - setup))
		return "its preferred address is where LVisor itself is started; build it with a "
		       "CONFIG_PHYSICAL_START of 16 MB";
	if (text_size > get32(image, HDR_CMDLINE_SIZE) || text_size >= CMDLINE_MAX)
		return "the guest's command line is longer than its kernel takes; shorten it "
		       "(--append)";
	if (initrd->size) {
		u64 top = bi->own < initrd_max ? bi->own : initrd_max;

		if (top > initrd->size)
			initrd_at = align_down(top - initrd->size, PAGE_SIZE);
		if (initrd_at < LOW_END || hits_us(initrd_at, initrd->size) ||
		    !is_free_ram(bi, initrd_at, initrd->size) ||
		    ranges_overlap(initrd_at, initrd->size, load, init_size) ||
		    ranges_overlap(initrd_at, initrd->size, kernel->start, kernel->size))
			return "too little memory: the initrd does not fit; give the machine more "
			       "memory (--memory)";
	}

	/* The header and the command line first: what follows may overwrite the module. */
	memset(params, 0, sizeof(params));
	memcpy(params + HDR_START, (const u8 *)image + HDR_START,
	       get8(image, HDR_END_BYTE) + HDR_MAGIC - HDR_START);
	put(params, HDR_TYPE_OF_LOADER, 0xff, 1);
	put(params, HDR_RAMDISK_IMAGE, initrd_at, 4);
	put(params, HDR_RAMDISK_SIZE, initrd->size, 4);
	put(params, HDR_CMD_LINE_PTR, LOW_CMDLINE, 4);
	put_screen_info(params);
	error = put_memory_map(bi, params);
	if (error)
		return error;
	memmove(boot_ptr(LOW_CMDLINE), kernel->text, text_size + 1);

	if (initrd->size)
		memmove(boot_ptr(initrd_at), boot_ptr(initrd->start), initrd->size);
	memmove(boot_ptr(load), (const u8 *)image + setup, kernel->size - setup);
	memcpy(boot_ptr(LOW_PARAMS), params, sizeof(params));
	build_low_tables(&bi->guest);
	bi->guest.rip = load + 0x200;
	bi->guest.rsi = LOW_PARAMS;
	bi->guest.rsp = LOW_STACK;
	return NULL;
}
