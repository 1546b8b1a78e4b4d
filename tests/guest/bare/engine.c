// SPDX-License-Identifier: Apache-2.0
/* An engine that makes the hooks that bare.c lists, and lets every hit go on. */
#include <lvisor/lvmon.h>
#include "bare.h"

#define AT_NULL 0

static long call(long number, const void *a, void *b)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(number), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

static struct lvmon_event event;
static const struct lvmon_verdict go_on;

static void say(const char *text)
{
	unsigned long size = 0;

	while (text[size])
		size++;
	call(LVMON_LOG, text, (void *)size);
}

void __attribute__((used)) engine_main(const unsigned long *stack)
{
	const struct lvmon_start *start = 0;
	const struct hooks *hooks;

	stack += *stack + 2; /* arguments */
	while (*stack++) {
	} /* environment */
	for (; *stack != AT_NULL; stack += 2)
		if (*stack == LVMON_AT_START)
			start = (const struct lvmon_start *)stack[1];
	if (!start || call(LVMON_NEXT_EVENT, 0, &event))
		return;
	hooks = (const struct hooks *)((const char *)start->window + HOOKS_GPA);
	for (unsigned long i = 0; i < hooks->count; i++) {
		struct lvmon_hook hook = hooks->hook[i];

		if (call(LVMON_HOOK_ADD, &hook, 0) <= 0)
			say("a hook could not be made");
	}
	say("hooks are made");
	while (!call(LVMON_NEXT_EVENT, &go_on, &event)) {
	}
}

__asm__(".globl _start\n_start:	mov %rsp, %rdi\n	and $-16, %rsp\n	call "
	"engine_main\n	ud2\n");
