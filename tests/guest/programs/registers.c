// SPDX-License-Identifier: Apache-2.0
/*
 * Checks that a system call leaves all registers alone that Linux promises to keep: registers
 * COUNT. Meant to run with the call hooked, so that each one visits the hypervisor, the engine and
 * Lua. Exit code 0: all kept; 1: one was lost; 77: the processor has no AVX.
 */
#include <fenv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define GENERAL 12 /* all but RAX, RCX, R11, RSP */

struct state {
	uint8_t vectors[16][32];
	uint64_t general[GENERAL];
	uint64_t flags;
	uint64_t unused;
	uint8_t x87[512]; /* as FXSAVE64 has it: SDM vol. 1, table 10-2 */
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct state, x87) == 624, "as below");

/* Loads *before, makes system call number, stores *after. */
void call_between(const struct state *before, struct state *after, uint64_t number);

__asm__(".text\n"
	"call_between:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rsi\n" /* after */
	"	mov %rdx, %rax\n"
	"	mov %rdi, %rcx\n"
	"	fxrstor64 624(%rcx)\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu 32*\\n(%rcx), %ymm\\n\n"
	"	.endr\n"
	"	mov 512(%rcx), %rbx; mov 520(%rcx), %rbp; mov 528(%rcx), %r12\n"
	"	mov 536(%rcx), %r13; mov 544(%rcx), %r14; mov 552(%rcx), %r15\n"
	"	mov 560(%rcx), %rdi; mov 568(%rcx), %rsi; mov 576(%rcx), %rdx\n"
	"	mov 584(%rcx), %r8; mov 592(%rcx), %r9; mov 600(%rcx), %r10\n"
	"	pushq 608(%rcx)\n"
	"	popfq\n"
	"	syscall\n"
	"	pushfq\n"
	"	mov 8(%rsp), %rcx\n"
	"	popq 608(%rcx)\n"
	"	mov %rbx, 512(%rcx); mov %rbp, 520(%rcx); mov %r12, 528(%rcx)\n"
	"	mov %r13, 536(%rcx); mov %r14, 544(%rcx); mov %r15, 552(%rcx)\n"
	"	mov %rdi, 560(%rcx); mov %rsi, 568(%rcx); mov %rdx, 576(%rcx)\n"
	"	mov %r8, 584(%rcx); mov %r9, 592(%rcx); mov %r10, 600(%rcx)\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovdqu %ymm\\n, 32*\\n(%rcx)\n"
	"	.endr\n"
	"	fxsave64 624(%rcx)\n"
	"	fninit\n"
	"	vzeroupper\n"
	"	add $8, %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");

#define FSW_TOP	 0x3800
#define MXCSR	 24
#define ST(n)	 (32 + 16 * (n))
#define ST_BYTES 10

/* Modes, a place on the stack and numbers; or what a program that used the unit leaves behind. */
static void choose_x87(uint8_t *x87, uint32_t random)
{
	const bool used_before = random >> 29 & 1;
	const uint16_t fcw = random >> 28 & 1 ? 0x37f : 0xb7f, fsw = random >> 8 & FSW_TOP;

	__asm__("fxsave64 %0" : "=m"(*(uint8_t(*)[512])x87));
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < ST_BYTES; j++)
			x87[ST(i) + j] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
	memcpy(x87, &fcw, sizeof(fcw));
	memcpy(x87 + 2, &fsw, sizeof(fsw));
	x87[4] = (uint8_t)(random >> 20);
	if (used_before)
		memcpy(x87, "\x7f\x03\0\0\0", 5);
}

static int same_x87(const uint8_t *a, const uint8_t *b)
{
	int same = memcmp(a, b, 5) == 0 && memcmp(a + MXCSR, b + MXCSR, 4) == 0;

	for (int i = 0; i < 8; i++)
		same &= memcmp(a + ST(i), b + ST(i), ST_BYTES) == 0;
	return same;
}

int main(int argc, char **argv)
{
	static struct state before, after;
	long left = argc > 1 ? atol(argv[1]) : 1;
	uint32_t random = 1;

	if (!__builtin_cpu_supports("avx"))
		return 77;
	/* not MXCSR's default */
	fesetround(FE_UPWARD);
	for (; left > 0; left--) {
		uint8_t *bytes = (uint8_t *)&before;

		for (size_t i = 0; i < offsetof(struct state, flags); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
		}
		/* carry, parity, sign, overflow as it comes; interrupts stay on */
		before.flags = 0x202 | (random >> 8 & 0x885);
		choose_x87(before.x87, random);
		memset(&after, 0, sizeof(after));
		call_between(&before, &after, SYS_getppid);
		if (!same_x87(before.x87, after.x87)) {
			printf("registers: x87 state is lost\n");
			return 1;
		}
		if (memcmp(&before, &after, offsetof(struct state, unused)) != 0) {
			for (size_t i = 0; i < offsetof(struct state, unused); i++) {
				if (bytes[i] != ((uint8_t *)&after)[i]) {
					printf("registers: byte %zu is lost\n", i);
					break;
				}
			}
			return 1;
		}
	}
	return 0;
}
