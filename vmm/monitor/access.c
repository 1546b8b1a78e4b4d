/* SPDX-License-Identifier: Apache-2.0 */
/* Guest kernel memory by virtual address: what an emulated instruction or the filter touches. */
#include "vmm/guest_ram.h"
#include "vmm/monitor/internal.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/walk.h"

static int translate(struct vcpu *vcpu, gva_t va, gpa_t *gpa)
{
	return guest_walk(vcpu_ops->get_reg(vcpu, LVMON_CR3),
			  vcpu_ops->get_reg(vcpu, LVMON_CR4) & CR4_LA57, va, gpa);
}

/* Bytes of [va, va + size) that lie in va's page. */
static u64 in_page(gva_t va, u64 size)
{
	u64 left = PAGE_SIZE - (va & ~PAGE_MASK);

	return size < left ? size : left;
}

int guest_read(struct vcpu *vcpu, gva_t va, void *to, u64 size)
{
	while (size) {
		u64 part = in_page(va, size);
		gpa_t gpa;

		if (translate(vcpu, va, &gpa) || !guest_ram_has(gpa, part))
			return -EFAULT;
		memcpy(to, guest_ram_ptr(gpa), part);
		to = (u8 *)to + part;
		va += part;
		size -= part;
	}
	return 0;
}

int guest_write(struct vcpu *vcpu, gva_t va, const void *from, u64 size)
{
	while (size) {
		u64 part = in_page(va, size);
		gpa_t gpa;
		int err;

		if (translate(vcpu, va, &gpa))
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
