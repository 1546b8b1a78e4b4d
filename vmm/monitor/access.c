/* SPDX-License-Identifier: Apache-2.0 */
/* Guest kernel memory by virtual address: what an emulated instruction or a selector touches. */
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"

static int translate(const struct vcpu_paging *paging, gva_t va, gpa_t *gpa)
{
	return guest_walk(paging->cr3, paging->la57, va, gpa);
}

/* Bytes of [va, va + size) that lie in va's page. */
static u64 in_page(gva_t va, u64 size)
{
	u64 left = PAGE_SIZE - (va & ~PAGE_MASK);

	return size < left ? size : left;
}

int slow_path guest_read(const struct vcpu_paging *paging, gva_t va, void *to, u64 size)
{
	while (size) {
		u64 part = in_page(va, size);
		gpa_t gpa;

		if (translate(paging, va, &gpa) || !guest_ram_has(gpa, part))
			return -EFAULT;
		memcpy(to, guest_ram_ptr(gpa), part);
		to = (u8 *)to + part;
		va += part;
		size -= part;
	}
	return 0;
}

int slow_path guest_write(const struct vcpu_paging *paging, gva_t va, const void *from, u64 size)
{
	while (size) {
		u64 part = in_page(va, size);
		gpa_t gpa;
		int err;

		if (translate(paging, va, &gpa))
			return -EFAULT;
		err = guest_ram_write(gpa, from, part);
		if (err)
			return err;
		from = (const u8 *)from + part;
		va += part;
		size -= part;
	}
	return 0;
}

void guest_touch(const struct vcpu_paging *paging, gva_t va)
{
	gpa_t gpa;

	if (!translate(paging, va, &gpa))
		guest_ram_touch(gpa);
}

/* Does the word at va lie in one page? */
static bool one_page(gva_t va)
{
	return (va & ~PAGE_MASK) <= PAGE_SIZE - sizeof(u64);
}

int guest_read_word(const struct vcpu_paging *paging, gva_t va, u64 *word)
{
	gpa_t gpa;

	if (unlikely(!one_page(va)))
		return guest_read(paging, va, word, sizeof(*word));
	if (translate(paging, va, &gpa) || !guest_ram_has(gpa, sizeof(*word)))
		return -EFAULT;
	*word = *(const volatile u64 *)guest_ram_ptr(gpa);
	return 0;
}

static int slow_path write_word_slowly(const struct vcpu_paging *paging, gva_t va, u64 word)
{
	gpa_t gpa;

	if (unlikely(!one_page(va)))
		return guest_write(paging, va, &word, sizeof(word));
	if (translate(paging, va, &gpa))
		return -EFAULT;
	return guest_ram_write_word(gpa, word);
}

int guest_write_word(const struct vcpu_paging *paging, gva_t va, u64 word)
{
	const struct walk *w = walk_place(va);
	u8 *slot;

	/* Mostly it is the same stack as the last time. */
	if (unlikely(!one_page(va) || paging->la57 || !walk_quickly(w, paging->cr3, va)))
		return write_word_slowly(paging, va, word);
	slot = guest_ram_slot(w->result);
	if (unlikely(!slot))
		return write_word_slowly(paging, va, word);
	*(volatile u64 *)(slot + (va & ~PAGE_MASK)) = word;
	return 0;
}
