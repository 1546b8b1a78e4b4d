/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a core of a process has beside its memory: the registers of its threads and its auxiliary
 * vector.
 */
#include "engine/linux/internal.h"

#define THREAD_SIZE (4 * PAGE_SIZE) /* arch/x86/include/asm/page_64_types.h, without KASAN */
#define PT_REGS	    21		    /* words of struct pt_regs; first 21 of user_regs_struct */
#define AUXV_MAX    64		    /* entries; AT_VECTOR_SIZE is 24 */

enum {
	REG_CS = 17,
	REG_SS = 20,
	REG_FS_BASE = 21,
	REG_GS_BASE = 22,
};

/* arch/x86/include/asm/segment.h: __USER_CS, __USER32_CS, __USER_DS */
static bool user_segments(const uint64_t *regs)
{
	return ((regs[REG_CS] & 0xffff) == 0x33 || (regs[REG_CS] & 0xffff) == 0x23) &&
	       (regs[REG_SS] & 0xffff) == 0x2b;
}

/*
 * They are at the top of the kernel's stack, from 6.9 on 16 bytes below it where the kernel can do
 * FRED (TOP_OF_KERNEL_STACK_PADDING).
 */
int linux_user_regs(gva_t task, struct linux_user_regs *regs)
{
	static const uint64_t paddings[] = {0, 16};
	int err = linux_need(LINUX_TASKS);
	gva_t stack;
	size_t i;

	memset(regs, 0, sizeof(*regs));
	if (err)
		return err;
	if (!has_field(F_TASK_STACK))
		return -ENOTSUP;
	if (kread64(at(task, F_TASK_STACK), &stack) || !kernel_pointer(stack))
		return -ENOENT;
	for (i = 0; i < sizeof(paddings) / sizeof(*paddings); i++) {
		if (!linux_kread(stack + THREAD_SIZE - paddings[i] - PT_REGS * 8, regs->reg,
				 PT_REGS * 8) &&
		    user_segments(regs->reg))
			break;
	}
	if (i == sizeof(paddings) / sizeof(*paddings)) {
		memset(regs, 0, sizeof(*regs));
		return -ENOENT;
	}
	if (has_field(F_TASK_FSBASE) && kread64(at(task, F_TASK_FSBASE), &regs->reg[REG_FS_BASE]))
		regs->reg[REG_FS_BASE] = 0;
	if (has_field(F_TASK_GSBASE) && kread64(at(task, F_TASK_GSBASE), &regs->reg[REG_GS_BASE]))
		regs->reg[REG_GS_BASE] = 0;
	return 0;
}

size_t linux_auxv(const struct linux_task *task, void *buf, size_t size)
{
	uint64_t entry[2] = {1, 0};
	uint8_t *to = buf;
	size_t n;

	if (linux_need(LINUX_SPACES) || !has_field(F_MM_AUXV) || !kernel_pointer(task->mm))
		return 0;
	/* Up to AT_NULL, that included. */
	for (n = 0; entry[0] && n < AUXV_MAX && (n + 1) * sizeof(entry) <= size; n++) {
		if (linux_kread(at(task->mm, F_MM_AUXV) + n * sizeof(entry), entry, sizeof(entry)))
			return 0;
		memcpy(to + n * sizeof(entry), entry, sizeof(entry));
	}
	return entry[0] ? 0 : n * sizeof(entry);
}
