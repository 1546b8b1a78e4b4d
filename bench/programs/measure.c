// SPDX-License-Identifier: Apache-2.0
/*
 * Measures as the guest's init (rdinit=/bin/measure), so that nothing else runs. Under QEMU's
 * -icount shift=0 the time-stamp counter counts instructions, the hypervisor's included: one tick
 * is one instruction. Results are lines "result NAME VALUE" on the console.
 */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#define LOOPS  200
#define ROUNDS 20

static void call(void)
{
	syscall(SYS_getppid);
}

static void identify(void)
{
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
}

static void nothing(void)
{
	__asm__ volatile("");
}

/* The best round: timer interrupts only ever add. */
static uint64_t cost(void (*what)(void))
{
	uint64_t best = UINT64_MAX;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = __rdtsc(), spent;

		for (int i = 0; i < LOOPS; i++)
			what();
		spent = __rdtsc() - start;
		if (spent < best)
			best = spent;
	}
	return best / LOOPS;
}

static unsigned long memory_kb(void)
{
	unsigned long kb = 0;
	FILE *file;

	mkdir("/proc", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	file = fopen("/proc/meminfo", "r");
	if (!file || fscanf(file, "MemTotal: %lu kB", &kb) != 1)
		kb = 0;
	return kb;
}

int main(void)
{
	const uint64_t boot = __rdtsc();
	const uint64_t loop = cost(nothing);

	printf("result boot %llu\n", (unsigned long long)boot);
	printf("result getppid %llu\n", (unsigned long long)(cost(call) - loop));
	printf("result cpuid %llu\n", (unsigned long long)(cost(identify) - loop));
	printf("result memory %lu\n", memory_kb());
	fflush(stdout);
	reboot(RB_POWER_OFF);
	return 0;
}
