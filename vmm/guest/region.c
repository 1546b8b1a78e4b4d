/* SPDX-License-Identifier: Apache-2.0 */
/* The table of guest-physical regions, and stores to them; see region.h. */
#include "vmm/guest/nested.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/region.h"
#include "vmm/guest/walk.h"
#include "vmm/log.h"
#include "vmm/string.h"
#include "vmm/x86/insn.h"

#define REGIONS_MAX 24

static struct region *regions[REGIONS_MAX];
static u32 regions_count;

void region_add(struct region *region)
{
	for (u32 i = 0; i < regions_count; i++)
		if (regions[i] == region)
			return;
	if (regions_count == REGIONS_MAX)
		fatal("too many regions of guest-physical memory");
	regions[regions_count++] = region;
}

const struct region *region_at(gpa_t gpa, u64 size)
{
	for (u32 i = 0; i < regions_count; i++)
		if (ranges_overlap(regions[i]->start, regions[i]->size, gpa, size))
			return regions[i];
	return NULL;
}

void region_protect(struct region *region, u32 rights)
{
	region->rights = rights;
	nested_protect(region->start, region->size, rights);
}

/* Up to size bytes of code at RIP, by the guest's paging. */
static u64 fetch_code(struct vcpu *vcpu, u8 *code, u64 size)
{
	struct vcpu_paging paging;
	gva_t va = vcpu->regs[LVMON_RIP];
	u64 done = 0;

	vcpu_ops->get_paging(vcpu, &paging);
	while (done < size) {
		u64 part = PAGE_SIZE - ((va + done) & ~PAGE_MASK);
		gpa_t gpa;

		if (part > size - done)
			part = size - done;
		if (guest_walk(paging.cr3, paging.la57, va + done, &gpa) ||
		    !guest_ram_has(gpa, part))
			break;
		memcpy(code + done, guest_ram_ptr(gpa), part);
		done += part;
	}
	return done;
}

static u64 low_bytes(u64 value, u32 size)
{
	return size == 8 ? value : value & (BIT(size * 8) - 1);
}

static void exchange(struct vcpu *vcpu, const struct insn_store *insn, u64 old)
{
	u64 *reg = &vcpu->regs[insn->reg];
	u32 shift = insn->high ? 8 : 0;

	/*
	 * SDM vol. 1, 3.4.1.1: a result of 32 bits clears the upper half, a smaller one keeps it.
	 */
	if (insn->size >= 4)
		*reg = low_bytes(old, insn->size);
	else
		*reg = (*reg & ~(low_bytes(UINT64_MAX, insn->size) << shift)) | old << shift;
}

static bool carry_out(const struct region *region, struct vcpu *vcpu, gpa_t gpa)
{
	struct region_store store = {.gpa = gpa};
	struct insn_store insn;
	u8 code[INSN_BYTES_MAX];
	u64 have = fetch_code(vcpu, code, sizeof(code));

	if (insn_decode_store(code, have, &insn) || (insn.exchange && !region->load))
		return false;
	store.size = insn.size;
	store.value = insn.immediate ? insn.value : vcpu->regs[insn.reg] >> (insn.high ? 8 : 0);
	store.value = low_bytes(store.value, insn.size);
	/*
	 * An unaligned store means nothing to a device's registers, and its second half could lie
	 * in another one than the address says: it is dropped.
	 */
	if (!(gpa & (insn.size - 1))) {
		u64 old = insn.exchange ? region->load(gpa, insn.size) : 0;

		region->store(vcpu, &store);
		if (insn.exchange)
			exchange(vcpu, &insn, old);
	}
	vcpu_retire(vcpu, vcpu->regs[LVMON_RIP] + insn.length);
	return true;
}

static enum region_answer refuse(const struct region *region, struct vcpu *vcpu,
				 enum region_answer answer)
{
	log_limited("access to the %s that is not understood, at %lx: %s", region->name,
		    vcpu->regs[LVMON_RIP], answer == REGION_DF ? "#DF" : "#GP");
	return answer;
}

enum region_answer region_fault(const struct region *region, struct vcpu *vcpu,
				const struct vm_exit *exit)
{
	if (region->fault)
		return region->fault(vcpu, exit);
	/* The CPU's own store, of an exception's frame or a page table's bit: no instruction says
	 * which. */
	if (exit->page.delivery)
		return refuse(region, vcpu, REGION_DF);
	if (exit->page.access != ACCESS_WRITE || exit->page.walk ||
	    !carry_out(region, vcpu, exit->page.gpa))
		return refuse(region, vcpu, REGION_GP);
	return REGION_DONE;
}
