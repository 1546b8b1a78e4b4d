// SPDX-License-Identifier: Apache-2.0
/*
 * What a program with root's rights can reach of the machine from user mode: ports of every width
 * around the hypervisor's own, CPUID, the instructions of SVM and VT-x. Prints what it found, a
 * line each, for comparison with the same machine without LVisor.
 */
#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>

static sigjmp_buf back;
static volatile int caught;

static void on_signal(int number)
{
	caught = number;
	siglongjmp(back, 1);
}

#define TRY(name, insn)                                                    \
	do {                                                               \
		caught = 0;                                                \
		if (!sigsetjmp(back, 1))                                   \
			__asm__ volatile(insn : : "a"(0), "c"(0), "d"(0)); \
		printf("result insn %s signal %d\n", name, caught);        \
	} while (0)

static void ports(void)
{
	static const unsigned short around[] = {0xe6, 0xe7, 0xe8, 0xe9, 0xea};
	uint8_t buffer[8];

	if (iopl(3)) {
		puts("result port none");
		return;
	}
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		unsigned short port = around[i];

		printf("result port %x: %x %x %x\n", port, inb(port), inw(port), inl(port));
		outb(0x41, port);
		outw(0x4242, port);
		outl(0x43434343, port);
		memset(buffer, 0, sizeof(buffer));
		insb(port, buffer, 2);
		insw(port, buffer + 2, 1);
		insl(port, buffer + 4, 1);
		printf("result port %x strings: %02x%02x %02x%02x %02x%02x%02x%02x\n", port,
		       buffer[0], buffer[1], buffer[2], buffer[3], buffer[4], buffer[5], buffer[6],
		       buffer[7]);
		outsb(port, "forged", 6);
		outsw(port, "forged", 3);
		outsl(port, "forged!!", 2);
	}
}

static void cpuid(unsigned int leaf, unsigned int subleaf)
{
	unsigned int a, b, c, d;

	__cpuid_count(leaf, subleaf, a, b, c, d);
	if (leaf == 1)
		b &= 0xffffff; /* the number of the CPU it ran on */
	printf("result cpuid %x %x: %08x %08x %08x %08x\n", leaf, subleaf, a, b, c, d);
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	TRY("vmmcall", "vmmcall");
	TRY("vmcall", "vmcall");
	TRY("vmrun", "vmrun %%rax");
	TRY("vmload", "vmload %%rax");
	TRY("vmsave", "vmsave %%rax");
	TRY("clgi", "clgi");
	TRY("stgi", "stgi");
	TRY("skinit", "skinit");
	TRY("invlpga", "invlpga %%rax, %%ecx");
	TRY("vmlaunch", "vmlaunch");
	TRY("vmxoff", "vmxoff");
	TRY("vmfunc", "vmfunc");
	TRY("getsec", "getsec");
	TRY("xsetbv", "xsetbv");
	TRY("invd", "invd");
	TRY("int3", "int3");
	TRY("int1", ".byte 0xf1");
	TRY("int 0x20", "int $0x20");
	TRY("int 0xf0", "int $0xf0");
	TRY("int 0xf1", "int $0xf1");
	ports();
	for (unsigned int leaf = 0; leaf <= 0x20; leaf++)
		cpuid(leaf, 0);
	cpuid(7, 1);
	cpuid(0xd, 1);
	for (unsigned int leaf = 0x80000000; leaf <= 0x80000022; leaf++)
		cpuid(leaf, 0);
	cpuid(0x40000000, 0);
	return 0;
}
