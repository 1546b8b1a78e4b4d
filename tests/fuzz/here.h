/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An instruction of the input on this machine's CPU. Its stack pointer may be anything, so no
 * signal may arrive meanwhile that would use it, and a fault is reported from a stack of its own.
 */
#ifndef TESTS_FUZZ_HERE_H
#define TESTS_FUZZ_HERE_H

#include <signal.h>
#include <sys/mman.h>

#include "tests/fuzz/fuzz.h"
#include "tests/unit/run_here.h"

/* The handlers that there are, from now on with a stack of their own. */
static inline void here_signal_stack(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	const size_t size = 1 << 20;
	stack_t stack = {.ss_size = size};

	stack.ss_sp = mmap(NULL, size, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(stack.ss_sp != MAP_FAILED && !sigaltstack(&stack, NULL));
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;

		sigaction(signals[i], NULL, &action);
		action.sa_flags |= SA_ONSTACK;
		sigaction(signals[i], &action, NULL);
	}
}

static inline u8 *here_code(void)
{
	u8 *code = mmap(NULL, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(code != MAP_FAILED);
	return code;
}

/* regs before; what the CPU made of them is in here_regs. */
static inline void here_execute(u8 *code, const u8 *bytes, size_t length, const u64 *regs)
{
	const void *back = here_back;
	sigset_t alarm;

	memcpy(here_regs, regs, sizeof(here_regs));
	memcpy(code, bytes, length);
	memcpy(code + length, "\xff\x25\0\0\0\0", 6); /* jmp *0(%rip) */
	memcpy(code + length + 6, &back, 8);
	here_insn = code;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM); /* libFuzzer's */
	sigprocmask(SIG_BLOCK, &alarm, NULL);
	run_here();
	sigprocmask(SIG_UNBLOCK, &alarm, NULL);
}

#endif
