/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of guest-physical regions that the guest does not reach as the machine has them: our
 * own memory, the local APIC's page, PCI configuration space. It decides what the nested page table
 * maps there, and who answers an access that the table does not let through. What lies in no region
 * maps to itself.
 */
#ifndef VMM_GUEST_REGION_H
#define VMM_GUEST_REGION_H

#include "vmm/types.h"
#include "vmm/vcpu.h"

/* A store that was decoded. Aligned to its size, so within one page. */
struct region_store {
	gpa_t gpa;
	u32 size; /* 1, 2, 4 or 8 bytes */
	u64 value;
};

/* What becomes of an instruction whose access was not let through. */
enum region_answer {
	REGION_DONE,  /* it has been carried out */
	REGION_AGAIN, /* it is to be executed again */
	REGION_UD,    /* these exceptions are its end */
	REGION_GP,
	REGION_DF,
};

struct region {
	const char *name;
	gpa_t start;
	u64 size;
	u32 rights;  /* ACCESS_READ and so on: what the nested page table lets through */
	bool hidden; /* reads as ones, whatever is there */

	/* One of the two. fault() answers any access, store() carries out what has been decoded. */
	enum region_answer (*fault)(struct vcpu *vcpu, const struct vm_exit *exit);
	void (*store)(struct vcpu *vcpu, const struct region_store *store);
	/* What is at an aligned address, for an instruction that reads it as well; with store()
	 * only. */
	u64 (*load)(gpa_t gpa, u32 size);
};

/*
 * Add one, which stays where it is; start and size are whole pages. Before the nested page table is
 * built; once is enough. Stops the machine where there are too many.
 */
void region_add(struct region *region);

/* The region that has one of these bytes; NULL: none has. */
const struct region *region_at(gpa_t gpa, u64 size);

/* From now on the nested page table lets these through. CPUs in the guest may remember the old. */
void region_protect(struct region *region, u32 rights);

/* Answer an access in a region. */
enum region_answer region_fault(const struct region *region, struct vcpu *vcpu,
				const struct vm_exit *exit);

#endif
