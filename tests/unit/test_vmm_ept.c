// SPDX-License-Identifier: Apache-2.0
/*
 * What nested page tables map, seen through the extended page table: memory types as the MTRRs have
 * them, our own range, the APIC's page.
 */
#include "tests/unit/vmm_host.h"
#include "vmm/guest/nested.h"
#include "vmm/guest/region.h"
#include "vmm/memory.h"
#include "vmm/vmx/ept.h"
#include "vmm/vmx/vmcs.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/lapic.h"

#define MB	       0x100000ull
#define GB	       0x40000000ull
#define OWN	       (64 * MB)
#define OWN_SIZE       (4 * MB)
#define TYPE(entry)    ((entry) >> 3 & 7)
#define RIGHTS(entry)  ((entry)&7)
#define ADDRESS(entry) ((entry)&0x000ffffffffff000ull)
#define LARGE	       BIT(7)

static u64 eptp;

static struct cpuid_regs leaves(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){.edx = leaf == 1 ? 1u << 12 : 0,
				   .eax = leaf == 0x80000008 ? 46 : 0};
}

static struct cpuid_regs (*width)(u32 leaf, u32 subleaf) = leaves;

static void variable(u32 n, u64 base, u64 size, u8 type)
{
	host_msr_set(0x200 + 2 * n, base | type);
	host_msr_set(0x201 + 2 * n, (~(size - 1) & (BIT(46) - 1)) | BIT(11));
}

static struct region own = {.start = OWN, .size = OWN_SIZE, .rights = ACCESS_READ, .hidden = true};
static struct region apic = {.start = LAPIC_PAGE, .size = PAGE_SIZE, .rights = 7};
/* Large enough for large pages, and not of a whole number of them. */
static struct region config = {.start = 3 * GB, .size = 3 * MB, .rights = ACCESS_READ};
static struct region high = {.start = 8 * GB + 2 * MB, .size = PAGE_SIZE, .rights = ACCESS_READ};

/* As PC firmware does it: WB by default, UC for the hole below 4 GB, fixed ones below 1 MB. */
static void firmware(void)
{
	static struct boot_info bi = {
		.own = OWN,
		.own_size = OWN_SIZE,
		.memory_entries = 2,
		.memory = {{0, 2 * GB, MEMORY_RAM}, {5 * GB, 2 * MB, MEMORY_RAM}}};

	apic.rights = 7;
	region_add(&own);
	region_add(&apic);
	region_add(&config);
	region_add(&high);
	host_memory(8192);
	host_cpuid = width;
	for (u32 msr = 0x200; msr < 0x210; msr++)
		host_msr_set(msr, 0);
	host_msr_set(MSR_VMX_EPT_VPID, EPT_CAP_1GB);
	host_msr_set(0xfe, 0x508);  /* 8 variable ones, fixed, WC */
	host_msr_set(0x2ff, 0xc06); /* both on, WB */
	host_msr_set(0x250, 0x0606060606060606);
	host_msr_set(0x258, 0x0606060606060606);
	host_msr_set(0x259, 0);
	for (u32 msr = 0x268; msr <= 0x26f; msr++)
		host_msr_set(msr, 0x0505050505050505);
	variable(0, 3 * GB, GB, 0);
	variable(1, 2 * GB + 1 * MB, 1 * MB, 1); /* WC, and half a large page */
	variable(2, 1 * GB, 2 * MB, 4);		 /* WT over WB: WT */
	variable(3, 1 * GB, 256 * MB, 6);
	eptp = ept_init(&bi);
}

/* The entry that maps gpa, at whatever level. */
static u64 *entry_below(hpa_t root, u64 gpa)
{
	u64 *table = phys_to_virt(root);

	for (int level = 4;; level--) {
		u64 *entry = &table[gpa >> (12 + 9 * (level - 1)) & 511];

		if (level == 1 || !*entry || (*entry & LARGE))
			return entry;
		assert_int_equal(*entry & 0xff8, 0); /* reserved where no page is mapped */
		table = phys_to_virt(ADDRESS(*entry));
	}
}

static u64 *entry_of(u64 gpa)
{
	return entry_below(ADDRESS(eptp), gpa);
}

static void memory_types(void **state)
{
	firmware();
	assert_int_equal(eptp & 0xfff, 6 | 3 << 3);
	assert_int_equal(TYPE(*entry_of(0)), 6);
	assert_int_equal(TYPE(*entry_of(0x9f000)), 6);
	assert_int_equal(TYPE(*entry_of(0xa0000)), 0);
	assert_int_equal(TYPE(*entry_of(0xbf000)), 0);
	assert_int_equal(TYPE(*entry_of(0xc0000)), 5);
	assert_int_equal(TYPE(*entry_of(0xff000)), 5);
	assert_int_equal(TYPE(*entry_of(MB)), 6);
	assert_false(*entry_of(MB) & LARGE);
	assert_true(*entry_of(2 * MB) & LARGE);
	assert_int_equal(TYPE(*entry_of(2 * MB)), 6);
	assert_int_equal(TYPE(*entry_of(1 * GB)), 4);
	assert_int_equal(TYPE(*entry_of(1 * GB + 2 * MB)), 6);
	assert_int_equal(TYPE(*entry_of(3 * GB)), 0);
	assert_int_equal(TYPE(*entry_of(4 * GB - 1)), 0);
	/* a border within a large page makes small ones */
	assert_false(*entry_of(2 * GB) & LARGE);
	assert_int_equal(TYPE(*entry_of(2 * GB)), 6);
	assert_int_equal(TYPE(*entry_of(2 * GB + 1 * MB)), 1);
	assert_true(*entry_of(2 * GB + 2 * MB) & LARGE);
}

/* A vendor whose entries have no types: AMD's. */
static u32 cut, cut_large;
static u64 uneven; /* large pages across a border */

static int note_page(gpa_t gpa, hpa_t to, u64 size, u32 access)
{
	const u64 borders[] = {1 * GB,		1 * GB + 2 * MB, 1 * GB + 256 * MB,
			       2 * GB + 1 * MB, 2 * GB + 2 * MB, 3 * GB,
			       4 * GB,		0xa0000,	 0xc0000};

	cut++;
	cut_large += size > PAGE_SIZE;
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++)
		uneven += gpa < borders[i] && borders[i] < gpa + size;
	return 0;
}

static void no_page_across_a_border(void **state)
{
	static struct boot_info bi = {.own = OWN,
				      .own_size = OWN_SIZE,
				      .memory_entries = 1,
				      .memory = {{4 * GB, 4 * GB, MEMORY_RAM}}};

	firmware();
	variable(4, 5 * GB, 2 * MB, 0);
	nested_init(&bi, note_page, HUGE_PAGE_SIZE);
	assert_int_equal(uneven, 0);
	/* Four gigabytes more: three huge pages, and one cut into large ones. */
	assert_int_equal(cut_large > 2000 && cut > cut_large, true);
	cut = 0;
	nested_protect(2 * GB, 2 * MB, 1);
	assert_int_equal(cut, 512);
	assert_int_equal(uneven, 0);
}

static struct cpuid_regs with_keys(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = leaves(leaf, subleaf);

	r.ecx = leaf == 7 ? BIT(13) : 0;
	r.ebx = leaf == 0x8000001f ? 43 : 0;
	return r;
}

/* The bits of an address that choose a key are none: the same memory would be there again. */
static void no_aliases(void **state)
{
	width = with_keys;
	for (int amd = 0; amd < 2; amd++) {
		host_msr_set(0x982, amd ? 0 : BIT(1) | 3ull << 32);
		host_msr_set(0xc0010010, amd ? BIT(23) : 0);
		firmware();
		assert_int_equal(nested_map_identity(BIT(43) + OWN), -EFAULT);
		assert_int_equal(nested_map_identity(BIT(44) + OWN), -EFAULT);
		assert_int_equal(nested_map_identity(BIT(42)), 0);
	}
	host_msr_set(0xc0010010, 0);
	width = leaves;
	firmware();
	assert_int_equal(nested_map_identity(BIT(44)), 0);
}

static void identity(void **state)
{
	firmware();
	for (u64 gpa = 0; gpa < 4 * GB; gpa += 127 * PAGE_SIZE) {
		u64 entry = *entry_of(gpa), size = entry & LARGE ? LARGE_PAGE_SIZE : PAGE_SIZE;

		if (gpa - OWN >= OWN_SIZE) {
			assert_int_equal(RIGHTS(entry), gpa - config.start < config.size ? 1 : 7);
			assert_int_equal(ADDRESS(entry), align_down(gpa, size));
		}
	}
	assert_true(*entry_of(config.start) & LARGE);
	assert_false(*entry_of(config.start + 2 * MB) & LARGE);
	/* RAM is there from the start, the rest when it is touched, with its regions. */
	assert_int_equal(ADDRESS(*entry_of(5 * GB)), 5 * GB);
	assert_int_equal(RIGHTS(*entry_of(5 * GB)), 7);
	assert_int_equal(*entry_of(8 * GB), 0);
	assert_int_equal(nested_map_identity(8 * GB + 12345), 0);
	assert_int_equal(ADDRESS(*entry_of(8 * GB)), 8 * GB);
	assert_int_equal(RIGHTS(*entry_of(high.start)), 1);
	assert_int_equal(RIGHTS(*entry_of(high.start + PAGE_SIZE)), 7);
	assert_true(*entry_of(8 * GB + 4 * MB) & LARGE);
	assert_int_equal(nested_map_identity(BIT(46)), -EFAULT);
	assert_int_equal(nested_map_identity(4 * GB - 1), -EFAULT);
}

static void apic_page(void **state)
{
	firmware();
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE)), 7);
	region_protect(&apic, 5);
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE)), 5);
	assert_int_equal(ADDRESS(*entry_of(LAPIC_PAGE)), LAPIC_PAGE);
	assert_int_equal(TYPE(*entry_of(LAPIC_PAGE)), 0);
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE - PAGE_SIZE)), 7);
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE + PAGE_SIZE)), 7);
	/* no fault of the guest's there makes it writable again */
	assert_int_equal(nested_map_identity(LAPIC_PAGE), -EFAULT);
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE)), 5);
	region_protect(&apic, 7);
	assert_int_equal(RIGHTS(*entry_of(LAPIC_PAGE)), 7);
	assert_int_equal(TYPE(*entry_of(LAPIC_PAGE)), 0);
}

static void own_range(void **state)
{
	u64 ones;

	firmware();
	ones = ADDRESS(*entry_of(OWN));
	for (u64 gpa = OWN; gpa < OWN + OWN_SIZE; gpa += PAGE_SIZE) {
		assert_int_equal(RIGHTS(*entry_of(gpa)), 1);
		assert_int_equal(ADDRESS(*entry_of(gpa)), ones);
	}
	assert_int_equal(*(u64 *)phys_to_virt(ones), UINT64_MAX);
}

/*
 * Four levels translate 48 bits, whatever the CPU's width; the root's entries must not be reused.
 */
static struct cpuid_regs wide_leaves(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r = leaves(leaf, subleaf);

	r.eax = leaf == 0x80000008 ? 52 : r.eax;
	return r;
}

static void beyond_48_bits(void **state)
{
	u64 before;

	width = wide_leaves;
	firmware();
	width = leaves;
	before = *entry_of(OWN);
	for (u32 bit = 48; bit < 52; bit++) {
		assert_int_equal(nested_map_identity(BIT(bit)), -EFAULT);
		assert_int_equal(nested_map_identity(BIT(bit) + OWN), -EFAULT);
	}
	assert_int_equal(*entry_of(OWN), before);
	assert_int_equal(nested_map_identity(BIT(48) - 1), 0);
}

/* A kernel that touches here and there uses up what is set aside for that, and nothing else. */
static void sparse_touches(void **state)
{
	u64 left, touched = 0;
	int err = 0;

	width = wide_leaves;
	firmware();
	width = leaves;
	left = pages_free();
	for (u64 i = 1; i < 512 && !err; i++, touched++)
		err = nested_map_identity(i << 39);
	assert_int_equal(err, -ENOMEM);
	assert_true(touched > 100);
	assert_int_equal(pages_free(), left);
	/* What is mapped stays, and RAM needs none of it. */
	assert_int_equal(RIGHTS(*entry_of(5 * GB)), 7);
	assert_int_equal(nested_map_identity(9 * GB), 0);
}

/* A CPU's overlay differs in one page, which is a copy with another byte. */
static void views(void **state)
{
	/* in a large page, and in a table of small ones */
	static const gpa_t pages[] = {0x205000, 0x7000, 0x600000};
	struct nested_overlay overlay = {0};
	u64 before[2];

	host_guest();
	firmware();
	assert_int_equal(nested_overlay_init(&overlay), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		gpa_t page = pages[i];
		hpa_t root;
		u8 *copy = phys_to_virt(overlay.copy), *ram = host_ram(page);

		for (u32 k = 0; k < PAGE_SIZE; k++)
			ram[k] = (u8)(k * 7 + i);
		before[0] = *entry_of(page);
		before[1] = *entry_of(page + PAGE_SIZE);
		root = nested_overlay_open(&overlay, page + 100, 0x42);
		assert_int_not_equal(root, ADDRESS(eptp));
		assert_int_equal(ADDRESS(*entry_below(root, page)), overlay.copy);
		assert_int_equal(RIGHTS(*entry_below(root, page)), 5);
		assert_int_equal(TYPE(*entry_below(root, page)), TYPE(before[0]));
		assert_int_equal(*entry_below(root, page) & LARGE, 0);
		for (gpa_t other = 0; other < 8 * MB; other += PAGE_SIZE) {
			u64 *theirs = entry_of(other), *ours = entry_below(root, other);
			u64 offset = *theirs & LARGE ? other & (2 * MB - 1) & PAGE_MASK : 0;

			if (other == page)
				continue;
			assert_int_equal(ADDRESS(*ours) + (*ours & LARGE ? offset : 0),
					 ADDRESS(*theirs) + offset);
			assert_int_equal(RIGHTS(*ours), RIGHTS(*theirs));
			assert_int_equal(TYPE(*ours), TYPE(*theirs));
		}
		for (u32 k = 0; k < PAGE_SIZE; k++)
			assert_int_equal(copy[k], k == 100 ? 0x42 : ram[k]);
		/* what is in force is as it was */
		assert_int_equal(*entry_of(page), before[0]);
		assert_int_equal(*entry_of(page + PAGE_SIZE), before[1]);
		/* the guest's bytes have changed since */
		ram[7] ^= 0xff;
		assert_int_equal(nested_overlay_open(&overlay, page + 101, 0x43), root);
		assert_int_equal(copy[7], ram[7]);
		assert_int_equal(copy[100], ram[100]);
		assert_int_equal(copy[101], 0x43);
	}
	/* memory that is mapped later is in the overlay, too */
	assert_int_equal(nested_map_identity(6 * GB), 0);
	nested_overlay_refresh(&overlay);
	assert_int_equal(ADDRESS(*entry_below(overlay.tables[0], 6 * GB)), 6 * GB);
}

static void assert_own_open(hpa_t root, hpa_t scratch)
{
	for (gpa_t gpa = OWN - 4 * MB; gpa < OWN + OWN_SIZE + 4 * MB; gpa += PAGE_SIZE) {
		u64 *theirs = entry_of(gpa), *ours = entry_below(root, gpa);

		if (gpa - OWN < OWN_SIZE) {
			assert_int_equal(ADDRESS(*ours), scratch);
			assert_int_equal(RIGHTS(*ours), 3);
			assert_int_equal(TYPE(*ours), TYPE(*theirs));
		} else {
			assert_int_equal(*ours, *theirs);
		}
	}
}

/* Our range is a page that can be written, for one CPU and one instruction; nobody else sees it. */
static void own_range_in_a_view(void **state)
{
	static const gpa_t pages[] = {0x205000, 0x7000, 0xc00000};
	struct nested_overlay overlay = {0};
	u64 ones, before, left;
	hpa_t root;

	host_guest();
	firmware();
	assert_int_equal(nested_overlay_init(&overlay), 0);
	left = pages_free();
	ones = ADDRESS(*entry_of(OWN));
	root = nested_overlay_open_own(&overlay);
	assert_own_open(root, overlay.scratch);
	assert_int_not_equal(overlay.scratch, ones);
	*(u64 *)phys_to_virt(overlay.scratch) = 42;
	assert_int_equal(*(u64 *)phys_to_virt(ones), UINT64_MAX);
	assert_int_equal(RIGHTS(*entry_of(OWN)), 1);
	nested_overlay_close(&overlay);
	assert_int_equal(*(u64 *)phys_to_virt(overlay.scratch), UINT64_MAX);

	/* With a trap's page as well, and again without. */
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		gpa_t page = pages[i];

		before = *entry_of(page);
		root = nested_overlay_open(&overlay, page + 100, 0x42);
		assert_int_equal(ADDRESS(*entry_below(root, OWN)), ones);
		root = nested_overlay_open_own(&overlay);
		assert_int_equal(ADDRESS(*entry_below(root, page)), overlay.copy);
		assert_int_equal(RIGHTS(*entry_below(root, page)), 5);
		assert_own_open(root, overlay.scratch);
		nested_overlay_close(&overlay);
		assert_int_equal(*entry_of(page), before);
	}
	root = nested_overlay_open_own(&overlay);
	assert_own_open(root, overlay.scratch);
	assert_int_equal(pages_free(), left);
}

static void no_memory(void **state)
{
	struct boot_info bi = {.own = OWN, .own_size = OWN_SIZE};

	firmware();
	host_use_up(0);
	expect_fatal("mem=MB", ept_init(&bi));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_types),	  cmocka_unit_test(no_page_across_a_border),
		cmocka_unit_test(no_aliases),	  cmocka_unit_test(identity),
		cmocka_unit_test(apic_page),	  cmocka_unit_test(own_range),
		cmocka_unit_test(views),	  cmocka_unit_test(own_range_in_a_view),
		cmocka_unit_test(beyond_48_bits), cmocka_unit_test(sparse_touches),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
