/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The note that the kernel keeps for crash dumps (kernel/vmcore_info.c, to 6.8 crash_core.c): lines
 * of text in a page of their own, once by itself and once in an ELF note. It says where the image
 * and its page table are and, from 6.1 on, where the kallsyms tables are: a second way to them when
 * they cannot be recognised by themselves. The kernel writes it while its drivers start, so it is
 * not there yet at the first write of LSTAR.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"

#define NOTE_TEXT 24 /* behind the ELF note's header and name, "VMCOREINFO" */
#define LINE_SIZE 128
/* __START_KERNEL with Kconfig's PHYSICAL_START, arch/x86/include/asm/page_types.h */
#define LINK_ADDRESS (KERNEL_MAP_START + 16 * MB)

/* One line's value where it has this name: hexadecimal or decimal as the kernel prints it. */
static void take(const char *line, const char *name, int base, uint64_t *value)
{
	size_t n = strlen(name);
	char *end;

	if (strncmp(line, name, n) || line[n] != '=')
		return;
	line += n + 1;
	/* strtoull takes what no kernel prints: spaces, signs where there are none */
	if (!(*line >= '0' && *line <= '9') && !(base == 16 && *line >= 'a' && *line <= 'f') &&
	    !(base == 10 && *line == '-'))
		return;
	*value = *line == '-' ? (uint64_t)strtoll(line, &end, base) : strtoull(line, &end, base);
}

static void take_line(struct vmcoreinfo *v, const char *line)
{
	take(line, "SYMBOL(_stext)", 16, &v->stext);
	take(line, "SYMBOL(init_top_pgt)", 16, &v->init_top_pgt);
	take(line, "NUMBER(phys_base)", 10, &v->phys_base);
	take(line, "NUMBER(pgtable_l5_enabled)", 10, &v->five_levels);
	take(line, "KERNELOFFSET", 16, &v->offset);
	take(line, "SYMBOL(kallsyms_num_syms)", 16, &v->num_syms);
	take(line, "SYMBOL(kallsyms_names)", 16, &v->names);
	take(line, "SYMBOL(kallsyms_token_table)", 16, &v->tokens);
	take(line, "SYMBOL(kallsyms_token_index)", 16, &v->token_index);
	take(line, "SYMBOL(kallsyms_offsets)", 16, &v->offsets);
	take(line, "SYMBOL(kallsyms_relative_base)", 16, &v->relative_base);
}

static bool in_image(gva_t va)
{
	return va >= KERNEL_MAP_START && va < KERNEL_MAP_END;
}

int vmcoreinfo_parse(const uint8_t *text, size_t size, struct vmcoreinfo *v)
{
	char page[PAGE_SIZE + 1], line[LINE_SIZE];
	const char *at = page;

	*v = (struct vmcoreinfo){.phys_base = 1};
	if (size > PAGE_SIZE)
		size = PAGE_SIZE;
	memcpy(page, text, size);
	page[size] = '\0';
	if (strncmp(page, "OSRELEASE=", 10))
		return -ENOENT;
	while (*at) {
		size_t n = strcspn(at, "\n");

		if (n < sizeof(line)) {
			memcpy(line, at, n);
			line[n] = '\0';
			take_line(v, line);
		}
		at += n + (at[n] == '\n');
	}
	/* The image is aligned, and all of these are in it. */
	if (!in_image(v->stext) || !in_image(v->init_top_pgt) || v->init_top_pgt % PAGE_SIZE ||
	    v->phys_base % (2 * MB) || v->offset % (2 * MB) || v->offset >= GB)
		return -ENOENT;
	return 0;
}

int vmcoreinfo_find(const uint8_t *mem, uint64_t size, uint64_t *from, struct vmcoreinfo *v)
{
	static const char first[] = "OSRELEASE=";
	uint64_t page;

	for (page = align_up(*from, PAGE_SIZE); page + PAGE_SIZE <= size; page += PAGE_SIZE) {
		uint64_t at = page;

		if (memcmp(mem + at, first, sizeof(first) - 1)) {
			at += NOTE_TEXT;
			if (memcmp(mem + at, first, sizeof(first) - 1))
				continue;
		}
		if (vmcoreinfo_parse(mem + at, page + PAGE_SIZE - at, v))
			continue;
		*from = page + PAGE_SIZE;
		return 0;
	}
	*from = size;
	return -ENOENT;
}

int vmcoreinfo_image(const struct vmcoreinfo *v, struct image *img)
{
	/* arch/x86/include/asm/page_64.h, __phys_addr_nodebug() */
	uint64_t delta = KERNEL_MAP_START - v->phys_base;

	if (image_find(v->init_top_pgt - delta, v->five_levels == 1 ? CR4_LA57 : 0, v->stext, img))
		return -ENOENT;
	return img->va - img->gpa == delta ? 0 : -ENOENT;
}

bool vmcoreinfo_agrees(const struct vmcoreinfo *v, const struct kernel_blob *b)
{
	gva_t top, stext, text;

	return KERNEL_MAP_START - v->phys_base == b->delta &&
	       !symbol_find(b, "init_top_pgt", &top) && top == v->init_top_pgt &&
	       !symbol_find(b, "_stext", &stext) && stext == v->stext &&
	       !symbol_find(b, "_text", &text) && text - v->offset == LINK_ADDRESS &&
	       (v->five_levels == 1) == (b->levels == 5);
}
