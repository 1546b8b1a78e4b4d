/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A core of the machine: all of its RAM, the registers of the event's CPU, and the kernel's
 * vmcoreinfo, which tools for kernel cores begin with.
 */
#include <errno.h>
#include <string.h>
#include "engine/dump/dump.h"
#include "engine/dump/write.h"
#include "engine/signature/record.h"

#define VMCOREINFO_MAX                                                            \
	16384 /* kernel/vmcore_info.c: a page; more than one is no more than this \
	       */

/* arch/x86/include/asm/user_64.h: the place of each register in struct user_regs_struct */
static const int8_t user_regs[] = {
	[0] = LVMON_R15,  [1] = LVMON_R14,  [2] = LVMON_R13,	 [3] = LVMON_R12,  [4] = LVMON_RBP,
	[5] = LVMON_RBX,  [6] = LVMON_R11,  [7] = LVMON_R10,	 [8] = LVMON_R9,   [9] = LVMON_R8,
	[10] = LVMON_RAX, [11] = LVMON_RCX, [12] = LVMON_RDX,	 [13] = LVMON_RSI, [14] = LVMON_RDI,
	[15] = LVMON_RAX, [16] = LVMON_RIP, [18] = LVMON_RFLAGS, [19] = LVMON_RSP,
};

/* NT_PRSTATUS and the note of ours. Without an event no CPU is known. */
static void note_registers(struct dump_writer *w)
{
	struct {
		struct dump_registers_note head;
		uint64_t regs[LVMON_NR_REGS];
	} own = {.head = {.version = 1, .count = LVMON_NR_REGS}};
	uint8_t prstatus[336] = {0};
	int32_t pid = 1;
	size_t i;

	for (i = 0; i < LVMON_NR_REGS; i++)
		if (!backend->reg_read((enum lvmon_reg)i, &own.regs[i]))
			own.head.known |= 1ull << i;
	if (!own.head.known)
		return;
	for (i = 0; i < sizeof(user_regs); i++)
		if (i != 17)
			memcpy(prstatus + 112 + 8 * i, &own.regs[user_regs[i]], 8);
	memcpy(prstatus + 32, &pid, sizeof(pid)); /* pr_pid: the CPU's number and one, as QEMU's */
	dump_note(w, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
	dump_note(w, DUMP_NOTE_NAME, DUMP_NOTE_REGISTERS, &own, sizeof(own));
}

/* kernel/vmcore_info.c: vmcoreinfo_data points to the text, vmcoreinfo_size says its length */
static void note_vmcoreinfo(struct dump_writer *w)
{
	static char text[VMCOREINFO_MAX];
	gva_t data, size_at, at;
	uint64_t size;

	if (linux_symbol("vmcoreinfo_data", &data) || linux_symbol("vmcoreinfo_size", &size_at) ||
	    linux_kread(data, &at, sizeof(at)) || linux_kread(size_at, &size, sizeof(size)) ||
	    !size || size > sizeof(text) || linux_kread(at, text, size))
		return;
	dump_note(w, "VMCOREINFO", 0, text, size);
}

/*
 * The kernel's image at its own addresses, as in a core of /proc/vmcore: where the page tables
 * begin is told in these, and tools for kernel cores have nothing else to go by.
 */
static void kernel_image(struct dump_writer *w)
{
	gva_t start, end;
	gpa_t gpa;

	if (!linux_symbol("_text", &start) && !linux_symbol("_end", &end) && end > start &&
	    !linux_kva_to_gpa(start, &gpa))
		dump_again(w, start, gpa, end - start, PF_R | PF_W | PF_X);
}

int dump_machine(struct dump_writer *w, const char *name)
{
	gva_t direct_map = 0, va;
	json_t *r;
	size_t i;
	int err = dump_begin(w, name);

	if (err)
		return err;
	if (linux_symbol("page_offset_base", &va) ||
	    linux_kread(va, &direct_map, sizeof(direct_map)))
		direct_map = 0xffff888000000000; /* Documentation/arch/x86/x86_64/mm.rst */
	note_registers(w);
	note_vmcoreinfo(w);
	for (i = 0; i < backend->ram_ranges; i++) {
		dump_segment(w, direct_map + backend->ram[i].gpa, backend->ram[i].gpa,
			     PF_R | PF_W | PF_X);
		dump_memory(w, backend->ram[i].gpa, backend->ram[i].size);
	}
	kernel_image(w);
	r = record_new("dump");
	record_string(r, "message", "memory of the machine");
	return dump_end(w, r);
}
