/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's page tables, and kernel memory read through them. A walk takes one load a level, so
 * tables that loop or share pages cannot make it longer.
 */
#include "engine/linux/internal.h"

#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE   (1ull << 1)
#define PTE_PSE	    (1ull << 7)
/* arch/x86/include/asm/pgtable_types.h: _PAGE_PROTNONE is the global bit of an absent entry */
#define PTE_PROTNONE (1ull << 8)
#define PTE_ADDRESS  0x000ffffffffff000ull

static bool canonical(gva_t va, unsigned int levels)
{
	unsigned int unused = 64 - (12 + 9 * levels);

	return (gva_t)((int64_t)(va << unused) >> unused) == va;
}

/*
 * What the entry at va in a table of this level says: 0 when it maps memory, 1 when it leads to the
 * table at m->gpa, or as page_walk.
 */
static int entry_decode(uint64_t entry, unsigned int level, gva_t va, bool user, struct mapping *m)
{
	uint64_t size = 1ull << (12 + 9 * (level - 1));
	bool leaf = level == 1 || (level <= 3 && (entry & PTE_PSE));

	m->size = size;
	m->left = size - (va & (size - 1));
	if (!(entry & PTE_PRESENT)) {
		if (!entry)
			return -ENOENT;
		if (!leaf || !(entry & PTE_PROTNONE))
			return level <= 3 ? -ENXIO : -EFAULT;
		if (!user)
			return -EFAULT;
		/* arch/x86/include/asm/pgtable-invert.h: stored inverted against L1TF */
		entry ^= PTE_ADDRESS;
	}
	if (!leaf) {
		m->gpa = entry & PTE_ADDRESS;
		return 1;
	}
	m->gpa = (entry & PTE_ADDRESS & ~(size - 1)) | (va & (size - 1));
	m->writable = (entry & PTE_PRESENT) && (entry & PTE_WRITE);
	return 0;
}

int page_walk(gpa_t root, unsigned int levels, gva_t va, bool user, struct mapping *m)
{
	unsigned int level;

	m->left = m->size = 1;
	if ((levels != 4 && levels != 5) || !canonical(va, levels))
		return -EFAULT;
	m->gpa = root & PTE_ADDRESS;
	for (level = levels; level > 0; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		const uint8_t *p = guest_ptr(m->gpa + (va >> shift & 511) * 8, 8);
		int err;

		if (!p) {
			m->size = 1ull << shift;
			m->left = m->size - (va & (m->size - 1));
			return -EFAULT;
		}
		err = entry_decode(load64(p), level, va, user, m);
		if (err <= 0)
			return err;
	}
	return -EFAULT;
}

#define LEAF_TABLE (2 * MB) /* what a table of small pages covers */

/*
 * An entry of the table of small pages at hand. An empty one speaks for the empty ones behind it,
 * too: what a process reserved and never touched costs a look at its tables, not one a page.
 */
static int leaf_decode(struct linux_tables *t, gva_t va, struct mapping *m)
{
	unsigned int i = va >> 12 & 511;
	int err = entry_decode(load64(t->leaf + i * 8), 1, va, true, m);

	if (err != -ENOENT)
		return err;
	if (va >= t->empty_end || va < t->empty_from) {
		t->empty_from = va;
		while (++i < 512 && !load64(t->leaf + i * 8))
			;
		t->empty_end = t->leaf_va + i * PAGE_SIZE;
	}
	m->left = t->empty_end - va;
	return err;
}

int page_walk_on(struct linux_tables *t, gva_t va, struct mapping *m)
{
	unsigned int level;
	const uint8_t *p;
	int err;

	if (t->leaf && va - t->leaf_va < LEAF_TABLE)
		return leaf_decode(t, va, m);
	t->leaf = NULL;
	t->walks++;
	m->left = m->size = 1;
	if ((t->levels != 4 && t->levels != 5) || !canonical(va, t->levels))
		return -EFAULT;
	m->gpa = t->root & PTE_ADDRESS;
	for (level = t->levels; level > 0; level--) {
		unsigned int shift = 12 + 9 * (level - 1);

		p = guest_ptr(m->gpa, PAGE_SIZE);
		if (!p) {
			m->size = 1ull << shift;
			m->left = m->size - (va & (m->size - 1));
			return -EFAULT;
		}
		if (level == 1) {
			t->leaf = p;
			t->leaf_va = va & ~(LEAF_TABLE - 1);
			t->leaves++;
			t->empty_from = t->empty_end = 0;
			return leaf_decode(t, va, m);
		}
		err = entry_decode(load64(p + (va >> shift & 511) * 8), level, va, true, m);
		if (err <= 0)
			return err;
	}
	return -EFAULT;
}

/*
 * Where pages of kernel memory lie, as found since the guest ran last: what a signature reads lies
 * close together, and a walk costs three dependent loads. Pages of the image are not in here.
 */
#define REMEMBERED 256 /* a power of two */

static struct {
	gva_t page;
	const uint8_t *bytes;
	uint64_t generation;
} remembered[REMEMBERED];

static uint64_t generation = 1;

void linux_guest_ran(void)
{
	generation++;
}

static inline const uint8_t *recall(gva_t va)
{
	size_t slot = va / PAGE_SIZE % REMEMBERED;

	if (remembered[slot].page != va / PAGE_SIZE || remembered[slot].generation != generation)
		return NULL;
	return remembered[slot].bytes + va % PAGE_SIZE;
}

static void remember(gva_t va, gpa_t gpa)
{
	size_t slot = va / PAGE_SIZE % REMEMBERED;
	const uint8_t *bytes = guest_ptr(gpa & ~(PAGE_SIZE - 1), PAGE_SIZE);

	if (!bytes)
		return;
	remembered[slot].page = va / PAGE_SIZE;
	remembered[slot].bytes = bytes;
	remembered[slot].generation = generation;
}

/* Bytes from va that are contiguous in guest memory are in *left. */
static int kernel_translate(gva_t va, gpa_t *gpa, uint64_t *left)
{
	struct mapping m;
	int err;

	if (!kernel)
		return -ENODATA;
	/* The image does not move, and parts of it have no mapping at times. */
	if (va >= kernel->image_start && va < kernel->image_end) {
		*gpa = va - kernel->delta;
		*left = kernel->image_end - va;
		return 0;
	}
	err = page_walk(kernel->root, kernel->levels, va, false, &m);
	if (err)
		return -EFAULT;
	*gpa = m.gpa;
	*left = m.left;
	remember(va, m.gpa);
	return 0;
}

int linux_kva_to_gpa(gva_t va, gpa_t *gpa)
{
	uint64_t left;

	return kernel_translate(va, gpa, &left);
}

int linux_kread(gva_t va, void *buf, size_t size)
{
	const uint8_t *from = recall(va);
	uint8_t *to = buf;

	if (from && kernel && size <= PAGE_SIZE - va % PAGE_SIZE) {
		memcpy(buf, from, size);
		return 0;
	}
	while (size > 0) {
		uint64_t left;
		size_t n;
		gpa_t gpa;
		int err;

		err = kernel_translate(va, &gpa, &left);
		if (err)
			return err;
		n = left < size ? (size_t)left : size;
		err = guest_read(gpa, to, n);
		if (err)
			return err;
		to += n;
		va += n;
		size -= n;
	}
	return 0;
}

int kread64(gva_t va, uint64_t *value)
{
	return linux_kread(va, value, sizeof(*value));
}

int kread32(gva_t va, uint32_t *value)
{
	return linux_kread(va, value, sizeof(*value));
}

int kread_string(gva_t va, char *buf, size_t size)
{
	size_t n, step;

	/* Page by page: the string may end where the mapping does. */
	for (n = 0; n < size; n += step) {
		step = PAGE_SIZE - (va + n) % PAGE_SIZE;
		if (step > size - n)
			step = size - n;
		if (linux_kread(va + n, buf + n, step)) {
			buf[0] = '\0';
			return -EFAULT;
		}
		if (memchr(buf + n, '\0', step))
			return 0;
	}
	buf[size - 1] = '\0';
	return 0;
}
