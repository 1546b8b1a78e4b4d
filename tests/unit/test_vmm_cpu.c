// SPDX-License-Identifier: Apache-2.0
/* What a CPU's control registers and MSRs are while it is ours. */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"

const u8 syscall_entry[1];
static u32 features1, features7;

void descriptors_init(struct descriptors *d, const u64 ist[3])
{
	(void)d;
	(void)ist;
}

void descriptors_load(struct descriptors *d)
{
	(void)d;
}

static struct cpuid_regs leaves(u32 leaf, u32 subleaf)
{
	return (struct cpuid_regs){.ebx = leaf == 7 && !subleaf ? features7 : 0,
				   .edx = leaf == 1 ? features1 : 0};
}

static void isolation(void **state)
{
	static struct cpu cpu;

	host_cpuid = leaves;
	features7 = 1u << 7 | 1u << 20;
	cpu_load(&cpu);
	assert_int_equal(read_cr4(), CR4_PAE | CR4_SMEP | CR4_SMAP);
	/* A machine check must find us ready. */
	features1 = 1u << 7;
	cpu_load(&cpu);
	assert_int_equal(read_cr4(), CR4_PAE | CR4_SMEP | CR4_SMAP | CR4_MCE);
	assert_true(read_cr0() & CR0_WP);
	assert_true(read_cr0() & CR0_PG);
	assert_int_equal(host_msr(MSR_GS_BASE), (u64)&cpu);
	assert_int_equal(host_msr(MSR_KERNEL_GS_BASE), 0);
	assert_int_equal(host_msr(MSR_LSTAR), (u64)syscall_entry);
}

/* With NT, an IRETQ in ring 0 faults; the others would lift a protection or turn things round. */
static void no_flag_comes_with_a_system_call(void **state)
{
	static struct cpu cpu;
	const u64 flags = RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | BIT(14) /* NT */ |
			  BIT(12) | BIT(13) /* IOPL */ | BIT(16) /* RF */ | RFLAGS_CF | RFLAGS_OF;

	host_cpuid = leaves;
	features7 = 1u << 7 | 1u << 20;
	cpu_load(&cpu);
	assert_int_equal(host_msr(MSR_SFMASK) & flags, flags);
	assert_int_equal(host_msr(MSR_SFMASK) & RFLAGS_FIXED, 0);
}

static void cpu_without_isolation(void **state)
{
	static struct cpu cpu;

	host_cpuid = leaves;
	features7 = 1u << 7;
	expect_fatal("no SMEP or no SMAP", cpu_load(&cpu));
	features7 = 1u << 20;
	expect_fatal("no SMEP or no SMAP", cpu_load(&cpu));
}

static void no_memory_for_the_area(void **state)
{
	/* Up to the first stack's page and the tables that map it. */
	static volatile u64 pages;
	const u64 most = align_up(sizeof(struct cpu), PAGE_SIZE) / PAGE_SIZE + 3;

	for (pages = 0; pages <= most; pages++) {
		host_memory(pages + 1);
		expect_fatal("too little memory", (void)cpu_create(page_alloc(), 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isolation),
		cmocka_unit_test(no_flag_comes_with_a_system_call),
		cmocka_unit_test(cpu_without_isolation),
		cmocka_unit_test(no_memory_for_the_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
