/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From three registers to a known kernel: image, symbols, cross-checks, BTF, fields. All of it
 * depends on what the linker laid out only, so that it works as soon as the image is complete in
 * memory; values that the kernel computes while it starts are read when they are needed.
 *
 * Without registers (a dump that came alone), all guest memory is searched for the symbol table,
 * and the addresses follow from what the table says about two well-known objects.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/internal.h"

#define MAX_BTF	       (16 * MB)
#define MIN_CHECKS     2  /* besides the banner */
#define PAGE_FAULT     14 /* its vector */
#define MAX_CANDIDATES 16 /* symbol tables that are none: one kernel image has up to three */

const struct kernel_blob *kernel;
void (*linux_progress)(uint64_t done, uint64_t of);

/* Bytes of RAM: in ranges that are done, and all; 0: nothing is searched. */
static struct {
	uint64_t before, of;
} searched;

void search_progress(uint64_t at)
{
	if (linux_progress && searched.of)
		linux_progress(searched.before + at, searched.of);
}

bool linux_known(void)
{
	return kernel != NULL;
}

const char *linux_summary(void)
{
	return kernel ? kernel->summary : "no Linux kernel known";
}

/* A copy of the image at va; bounds are the image's. */
static int image_read(const struct image *img, gva_t va, void *buf, size_t size)
{
	if (va < img->va || va - img->va > img->size || size > img->size - (va - img->va))
		return -EFAULT;
	return guest_read(img->gpa + (va - img->va), buf, size);
}

static int read_banner(const struct kernel_blob *b, const struct image *img, char *text,
		       size_t size)
{
	gva_t va;
	int err;

	err = symbol_find(b, "linux_banner", &va);
	if (!err)
		err = image_read(img, va, text, size);
	if (err)
		return err;
	text[size - 1] = '\0';
	return strncmp(text, "Linux version ", 14) ? -EINVAL : 0;
}

/* Through the page tables, before there is a known kernel. */
static int read_mapped(gpa_t root, unsigned int levels, gva_t va, void *buf, size_t size)
{
	struct mapping m;

	if (page_walk(root, levels, va, false, &m) || m.left < size)
		return -EFAULT;
	return guest_read(m.gpa, buf, size);
}

/* Where a fault of this vector goes. APM vol. 2, 4.8.4; SDM vol. 3, 6.14.1: a gate of 16 bytes */
static int gate_target(gpa_t root, unsigned int levels, gva_t idtr, unsigned int vector, gva_t *to)
{
	uint8_t gate[16];

	if (!idtr || read_mapped(root, levels, idtr + 16 * vector, gate, sizeof(gate)))
		return -EFAULT;
	*to = load16(gate) | (gva_t)load16(gate + 6) << 16 | (gva_t)load32(gate + 8) << 32;
	return 0;
}

/* The kernel's own note for crash dumps is there already, and speaks of this kernel. */
static bool note_agrees(const struct kernel_blob *b, const struct image *img)
{
	uint8_t page[PAGE_SIZE];
	struct vmcoreinfo v;
	gva_t va, text;

	return !symbol_find(b, "vmcoreinfo_data", &va) &&
	       !image_read(img, va, &text, sizeof(text)) &&
	       !read_mapped(b->root, b->levels, text, page, sizeof(page)) &&
	       !vmcoreinfo_parse(page, sizeof(page), &v) && vmcoreinfo_agrees(&v, b);
}

/* Facts that can only agree by chance: how many do. */
static int cross_checks(const struct kernel_blob *b, const struct image *img,
			const struct linux_anchor *anchor)
{
	uint64_t value;
	gva_t va, to;
	int n = 0;

	if (!symbol_find(b, "entry_SYSCALL_64", &va) && va == anchor->lstar)
		n++;
	if (!symbol_find(b, "asm_exc_page_fault", &va) &&
	    !gate_target(b->root, b->levels, anchor->idtr, PAGE_FAULT, &to) && va == to)
		n++;
	n += note_agrees(b, img);
	if (!symbol_find(b, "sys_call_table", &va) && !symbol_find(b, "__x64_sys_read", &to) &&
	    !image_read(img, va, &value, sizeof(value)) && value == to)
		n++;
	/* arch/x86/kernel/head_64.S: physical minus link-time address of the image */
	if (!symbol_find(b, "phys_base", &va) && !image_read(img, va, &value, sizeof(value)) &&
	    img->va - img->gpa == KERNEL_MAP_START - value)
		n++;
	if (!symbol_find(b, "_text", &va) && va >= img->va && va - img->va < img->size &&
	    (va - (img->va - img->gpa)) % (2 * MB) == 0)
		n++;
	return n;
}

static void read_release(struct kernel_blob *b, const char *banner)
{
	const char *s = banner + 14;
	size_t i;

	for (i = 0; i + 1 < sizeof(b->release) && s[i] > ' ' && s[i] < 0x7f; i++)
		b->release[i] = s[i];
}

/* The page tables: five levels when CR4 says so; without CR4, when five lead to the image. */
static int find_root(struct kernel_blob *b, const struct image *img, uint64_t cr4)
{
	struct mapping m;
	gva_t va;
	int err;

	/* swapper_pg_dir is a macro for it, arch/x86/include/asm/pgtable_64.h */
	err = symbol_find(b, "init_top_pgt", &va);
	if (err)
		return err;
	b->root = va - (img->va - img->gpa);
	b->levels = cr4 & CR4_LA57 ? 5 : 4;
	if (!cr4 && !page_walk(b->root, 5, va, false, &m) && m.gpa == b->root)
		b->levels = 5;
	return 0;
}

static const void *given_btf;
static size_t given_btf_size;
static char given_btf_refused[700];
static bool given_btf_used;

void linux_use_btf(const void *btf, size_t size)
{
	given_btf = btf;
	given_btf_size = size;
	given_btf_refused[0] = '\0';
	given_btf_used = false;
}

const char *linux_btf_refused(void)
{
	return given_btf_refused[0] ? given_btf_refused : NULL;
}

bool linux_btf_used(void)
{
	return given_btf_used;
}

/* Give the blob's end to BTF of this size, in place of what is there. *b may move. */
static int room_for_btf(struct kernel_blob **b, uint64_t size)
{
	uint64_t start = (*b)->sec[SEC_BTF].size ? (*b)->sec[SEC_BTF].off : (*b)->size;
	struct kernel_blob *bigger = realloc(*b, align_up(start + size, 8));

	if (!bigger)
		return -ENOMEM;
	*b = bigger;
	bigger->sec[SEC_BTF] = (struct section){(uint32_t)start, (uint32_t)size};
	bigger->size = align_up(start + size, 8);
	memset((uint8_t *)bigger + start, 0, bigger->size - start);
	return 0;
}

/* The fields from the kernel's own BTF. 0, -ENOENT: none that can be used, -ENOMEM */
static int fields_of_kernel(struct kernel_blob **b, const struct image *img)
{
	gva_t start, stop;
	int err;

	if (symbol_find(*b, "__start_BTF", &start) || symbol_find(*b, "__stop_BTF", &stop) ||
	    stop <= start || stop - start > MAX_BTF)
		return -ENOENT;
	err = room_for_btf(b, stop - start);
	if (err)
		return err;
	if (image_read(img, start, (void *)section(*b, SEC_BTF), stop - start))
		return -ENOENT;
	return fields_resolve(*b);
}

/* With this profile, is the first task's name where its fields say? */
static bool finds_first_task(const struct kernel_blob *b, const struct image *img)
{
	int32_t comm = b->field[F_TASK_COMM];
	char name[7];
	gva_t task;

	return comm != NO_FIELD && !symbol_find(b, "init_task", &task) &&
	       !image_read(img, task + (gva_t)comm, name, sizeof(name)) &&
	       !memcmp(name, "swapper", sizeof(name));
}

/* The fields from BTF that was given. 0, -ENOENT: there is none, or it does not fit; -ENOMEM */
static int fields_of_given(struct kernel_blob **b, const struct image *img, const char *banner)
{
	int err;

	if (!given_btf)
		return -ENOENT;
	if (given_btf_size > MAX_BTF) {
		snprintf(given_btf_refused, sizeof(given_btf_refused), "the profile is too large");
		return -ENOENT;
	}
	if (profile_fits(given_btf, given_btf_size, banner, given_btf_refused,
			 sizeof(given_btf_refused)))
		return -ENOENT;
	err = room_for_btf(b, given_btf_size);
	if (err)
		return err;
	memcpy((void *)section(*b, SEC_BTF), given_btf, given_btf_size);
	memset((*b)->missing, 0, sizeof((*b)->missing));
	err = fields_resolve(*b);
	if (!err && !finds_first_task(*b, img)) {
		snprintf(given_btf_refused, sizeof(given_btf_refused),
			 "the profile is of another kernel: it does not find the first task");
		err = -ENOENT;
	}
	given_btf_used = !err;
	return err;
}

/*
 * The fields: from the kernel's own BTF, else from what was given. Without either, what cannot be
 * read is written down in the blob.
 */
static int load_fields(struct kernel_blob **b, const struct image *img, const char *banner)
{
	int err = fields_of_kernel(b, img);

	if (err == -ENOENT)
		err = fields_of_given(b, img, banner);
	if (err != -ENOENT)
		return err;
	(*b)->sec[SEC_BTF].size = 0;
	memset((*b)->missing, 0, sizeof((*b)->missing));
	err = fields_resolve(*b);
	return err == -ENOENT ? 0 : err;
}

/* linux_current's offset: a per-CPU variable of its own, or a member of pcpu_hot. */
static void find_current(struct kernel_blob *b)
{
	gva_t va;

	if (b->field[F_PCPU_CURRENT] != NO_FIELD && !symbol_find(b, "pcpu_hot", &va))
		b->current = va + (gva_t)(int64_t)b->field[F_PCPU_CURRENT];
	else if (b->inferred && !symbol_find(b, "pcpu_hot", &va))
		b->current = va; /* its first member, arch/x86/include/asm/current.h */
	else if (symbol_find(b, "current_task", &b->current))
		facility_lacks(b, LINUX_CURRENT, "no symbol current_task");
}

/* All that is missing, in the blob. */
static void facilities_tell(struct kernel_blob *b)
{
	gva_t va;

	memset(b->missing, 0, sizeof(b->missing));
	fields_tell_missing(b);
	find_current(b);
	if (symbol_find(b, "init_task", &va))
		facility_lacks(b, LINUX_TASKS, "no symbol init_task");
	if (symbol_find(b, "modules", &va))
		facility_lacks(b, LINUX_MODULES, "no symbol modules");
	facilities_settle(b);
}

/* What is left once the symbols are there and the image's place is known. *b may move. */
static int complete(struct kernel_blob **b, const struct image *img, const struct linux_anchor *a,
		    char *error, size_t error_size)
{
	struct kernel_blob *k = *b;
	char banner[512];
	gva_t end;
	int err;

	if (read_banner(k, img, banner, sizeof(banner))) {
		snprintf(error, error_size, "symbols found, but no banner where they say");
		return -ENOENT;
	}
	read_release(k, banner);
	k->delta = img->va - img->gpa;
	k->image_start = img->va;
	k->image_end = img->va + img->size;
	if (!symbol_find(k, "_end", &end) && end > img->va && end < k->image_end)
		k->image_end = end;
	if (find_root(k, img, a->cr4)) {
		snprintf(error, error_size, "no init_top_pgt");
		return -ENOENT;
	}
	if (cross_checks(k, img, a) < MIN_CHECKS) {
		snprintf(error, error_size, "symbols found, but they do not agree with the image");
		return -ENOENT;
	}
	err = load_fields(b, img, banner);
	if (err) {
		snprintf(error, error_size, "no memory for BTF");
		return err;
	}
	k = *b;
	facilities_tell(k);
	snprintf(k->summary, sizeof(k->summary), "Linux %s, %u symbols, %u types, kernel at 0x%llx",
		 k->release, k->symbols, k->types, (unsigned long long)k->image_start);
	return 0;
}

/* With the tables at this place in mem. *out is freed unless it is complete. */
static int discover_tables(const uint8_t *mem, const struct kallsyms_place *place,
			   const struct image *img, const struct linux_anchor *a,
			   struct kernel_blob **out, char *error, size_t error_size)
{
	int err = kallsyms_load(mem, place, out);

	if (err)
		return err;
	err = complete(out, img, a, error, error_size);
	if (err)
		free(*out);
	else if (error_size)
		error[0] = '\0';
	return err;
}

/*
 * The tables cannot be recognised in the image: where the kernel's note for crash dumps says that
 * they are, mended. Needs a note about this image, anywhere in memory.
 */
static int discover_by_note(const struct image *img, const struct linux_anchor *a,
			    struct kernel_blob **out, char *error, size_t error_size)
{
	const uint8_t *image = guest_ptr(img->gpa, img->size);
	size_t i;

	for (i = 0; i < backend->ram_ranges && image; i++) {
		uint64_t size = backend->ram[i].size, from = 0;
		const uint8_t *mem = guest_ptr(backend->ram[i].gpa, size);
		struct kallsyms_place place;
		struct vmcoreinfo v;
		uint8_t *mended;
		int tries, err;

		for (tries = 0; mem && tries < MAX_CANDIDATES; tries++) {
			if (vmcoreinfo_find(mem, size, &from, &v))
				break;
			if (KERNEL_MAP_START - v.phys_base != img->va - img->gpa || !v.names)
				continue;
			err = kallsyms_mend(image, img->size, img->va, &v, &mended, &place);
			if (!err) {
				err = discover_tables(mended, &place, img, a, out, error,
						      error_size);
				free(mended);
			}
			if (!err || err == -ENOMEM)
				return err;
		}
	}
	return -ENOENT;
}

static int discover_image(const struct image *img, const struct linux_anchor *a,
			  struct kernel_blob **out, char *error, size_t error_size)
{
	const uint8_t *mem = guest_ptr(img->gpa, img->size);
	struct kallsyms_place place;
	uint64_t from = 0;
	int tries, err;

	if (!mem)
		return -EFAULT;
	snprintf(error, error_size, "no kallsyms tables in the image");
	for (tries = 0; tries < MAX_CANDIDATES; tries++) {
		if (kallsyms_find(mem, img->size, img->va, &from, &place))
			break;
		err = discover_tables(mem, &place, img, a, out, error, error_size);
		if (!err || err == -ENOMEM)
			return err;
	}
	return discover_by_note(img, a, out, error, error_size);
}

/*
 * The image around a symbol table that lies at offset at in mem (guest-physical gpa on). In layouts
 * A and B the table says virtual addresses, and the banner's text tells which of the few possible
 * places is right; in layout C it says distances, and a variable of the kernel's tells the rest.
 */
static int image_around(const uint8_t *mem, gpa_t gpa, uint64_t size,
			const struct kallsyms_place *place, struct image *img)
{
	gva_t start, end, va, slot;
	uint64_t delta, value;

	if (kallsyms_address(mem, place, "_text", &start) ||
	    kallsyms_address(mem, place, "_end", &end) || end <= start || end - start > GB)
		return -ENOENT;
	if (place->layout == KALLSYMS_C) { /* offsets in mem so far */
		if (kallsyms_address(mem, place, "phys_base", &va) || va > size - 8)
			return -ENOENT;
		value = load64(mem + va);
		delta = KERNEL_MAP_START - value - gpa;
		if (start >= size || end > size)
			return -ENOENT;
		*img = (struct image){start + delta + gpa, gpa + start, end - start};
		return 0;
	}
	if (kallsyms_address(mem, place, "linux_banner", &va))
		return -ENOENT;
	for (slot = start & ~(2 * MB - 1); slot < end; slot += 2 * MB) {
		char text[14];
		const void *image;

		/* delta such that the table would be in this slot of the image */
		delta = slot - ((gpa + place->token_index) & ~(2 * MB - 1));
		if (guest_read(va - delta, text, sizeof(text)) ||
		    memcmp(text, "Linux version ", sizeof(text)))
			continue;
		image = guest_ptr(start - delta, end - start);
		if (!image)
			continue;
		*img = (struct image){start, start - delta, end - start};
		return 0;
	}
	return -ENOENT;
}

/* No table was recognised: images that the kernel's notes for crash dumps speak of. */
static int scan_notes(const struct linux_anchor *a, struct kernel_blob **out, char *error,
		      size_t error_size)
{
	size_t i;

	for (i = 0; i < backend->ram_ranges; i++) {
		uint64_t size = backend->ram[i].size, from = 0;
		const uint8_t *mem = guest_ptr(backend->ram[i].gpa, size);
		struct vmcoreinfo v;
		struct image img;
		int tries;

		for (tries = 0; mem && tries < MAX_CANDIDATES; tries++) {
			if (vmcoreinfo_find(mem, size, &from, &v))
				break;
			if (!vmcoreinfo_image(&v, &img) &&
			    !discover_image(&img, a, out, error, error_size))
				return 0;
		}
	}
	return -ENOENT;
}

/* Without registers: search all guest memory. */
static int scan_ranges(const struct linux_anchor *a, struct kernel_blob **out, char *error,
		       size_t error_size)
{
	size_t i;

	snprintf(error, error_size, "no Linux kernel in memory");
	for (i = 0; i < backend->ram_ranges; i++) {
		gpa_t gpa = backend->ram[i].gpa;
		uint64_t size = backend->ram[i].size, from = 0;
		const uint8_t *mem = guest_ptr(gpa, size);
		struct kallsyms_place place;
		struct image img;
		int tries;

		for (tries = 0; mem && tries < MAX_CANDIDATES; tries++) {
			if (kallsyms_find(mem, size, 0, &from, &place))
				break;
			if (image_around(mem, gpa, size, &place, &img))
				continue;
			if (!discover_image(&img, a, out, error, error_size))
				return 0;
		}
		searched.before += size;
	}
	return scan_notes(a, out, error, error_size);
}

static int discover_scan(const struct linux_anchor *a, struct kernel_blob **out, char *error,
			 size_t error_size)
{
	size_t i;
	int err;

	for (i = 0; i < backend->ram_ranges; i++)
		searched.of += backend->ram[i].size;
	err = scan_ranges(a, out, error, error_size);
	if (linux_progress)
		linux_progress(searched.of, searched.of);
	searched.before = searched.of = 0;
	return err;
}

int linux_discover(const struct linux_anchor *anchor, char *error, size_t error_size)
{
	struct kernel_blob *b;
	gva_t text = anchor->lstar;
	struct image img;
	int err;

	/* Any address in the kernel's text will do; that of a fault's handler is always one. */
	if (!text && gate_target(anchor->cr3 & ~0xfffull, anchor->cr4 & CR4_LA57 ? 5 : 4,
				 anchor->idtr, PAGE_FAULT, &text))
		text = 0;
	if (!anchor->cr3 || !text) {
		err = discover_scan(anchor, &b, error, error_size);
	} else if (image_find(anchor->cr3, anchor->cr4, text, &img)) {
		snprintf(error, error_size, "CR3 and LSTAR do not lead to a kernel image");
		err = -ENOENT;
	} else {
		err = discover_image(&img, anchor, &b, error, error_size);
	}
	if (err)
		return err;
	kernel = b; /* never freed: what was found before may be in use */
	linux_guest_ran();
	if (!b->types)
		(void)!linux_infer(); /* what it does not find stays missing */
	return 0;
}

int linux_infer(void)
{
	struct kernel_blob *b;
	struct inferred found;
	void *copy;
	size_t size;
	int err;

	if (!kernel)
		return -ENODATA;
	err = infer(&found);
	if (!err)
		err = linux_save(&copy, &size);
	if (err)
		return err;
	b = copy;
	b->inferred += infer_fields(b, &found);
	if (b->inferred == kernel->inferred) {
		free(b);
		return -ENOENT;
	}
	facilities_tell(b);
	kernel = b;
	return 0;
}

uint32_t linux_inferred(void)
{
	return kernel ? kernel->inferred : 0;
}

int linux_save(void **blob, size_t *size)
{
	if (!kernel)
		return -ENODATA;
	*blob = malloc(kernel->size);
	if (!*blob)
		return -ENOMEM;
	memcpy(*blob, kernel, kernel->size);
	*size = kernel->size;
	return 0;
}

int linux_restore(const void *blob, size_t size)
{
	const struct kernel_blob *b = blob;
	int i;

	if ((uintptr_t)blob % 8 || size < sizeof(*b) || b->magic != BLOB_MAGIC ||
	    b->version != BLOB_VERSION || b->header_size != sizeof(*b) || b->size != size ||
	    (b->levels != 4 && b->levels != 5) || b->image_end <= b->image_start ||
	    !b->field[F_PAGE_SIZE] || b->field[F_PAGE_SIZE] < NO_FIELD ||
	    b->summary[sizeof(b->summary) - 1])
		return -EINVAL;
	for (i = 0; i < LINUX_FACILITIES; i++)
		if (b->missing[i][MISSING_SIZE - 1])
			return -EINVAL;
	for (i = 0; i < NR_SECTIONS; i++)
		if (b->sec[i].off < sizeof(*b) || b->sec[i].off % 8 || b->sec[i].off > size ||
		    b->sec[i].size > size - b->sec[i].off)
			return -EINVAL;
	if (!kallsyms_valid(b))
		return -EINVAL;
	kernel = b;
	linux_guest_ran();
	return 0;
}
