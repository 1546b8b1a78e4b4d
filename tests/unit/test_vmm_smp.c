// SPDX-License-Identifier: Apache-2.0
/*
 * Stores to the APIC's page, against the CPU that runs the test; and INIT and SIPI: whom they
 * reach. Included, for what is static.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm_host.h"
#include "tests/unit/smp_host.h"

/*
 * The instruction here, on a page at the address that the guest's registers name, and decoded by
 * us. It must be as long as we think, and store what we store.
 */
static void compare(const u8 *given, u32 length, u32 offset, u32 absolute)
{
	static u8 *code;
	u8 bytes[16] = {0};
	struct vcpu *vcpu = fresh();
	u32 *target = mmap(NULL, PAGE_SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	u64 rax = 0x1122334455667788, rcx = (u64)target + offset, r9 = 0x99aabbccddeeff00, zero = 0;
	u64 got_rax = rax, got_r9 = r9;

	if (!code)
		code = mmap(NULL, PAGE_SIZE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	memset(target, 0x11, PAGE_SIZE);
	memcpy(bytes, given, length);
	if (absolute) /* where the address stands in the instruction */
		memcpy(bytes + absolute, &rcx, 4);
	memcpy(code, bytes, length);
	code[length] = 0xc3;
	__asm__ volatile("mov %[r9], %%r9\n\t"
			 "mov %[rcx], %%r10\n\t"
			 "call *%[code]\n\t"
			 "mov %%r9, %[r9]\n\t"
			 : "+a"(got_rax), [r9] "+m"(got_r9)
			 : [code] "r"(code), "c"(rcx), [rcx] "m"(rcx), "d"(zero)
			 : "r9", "r10", "memory", "cc");
	memcpy(host_ram(CODE_GPA), bytes, length);
	vcpu->regs[LVMON_RAX] = rax;
	vcpu->regs[LVMON_R9] = r9;
	assert_true(apic_stored(vcpu, 0xfee00000 + offset));
	assert_int_equal(vcpu->regs[LVMON_RIP], CODE + length);
	assert_memory_equal(page, target, PAGE_SIZE);
	assert_int_equal(vcpu->regs[LVMON_RAX], got_rax);
	assert_int_equal(vcpu->regs[LVMON_R9], got_r9);
	munmap(target, PAGE_SIZE);
}

#define COMPARE(offset, ...) \
	compare((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), offset, 0)
#define COMPARE_ABSOLUTE(at, ...) \
	compare((const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), 0x380, at)

static void stores(void **state)
{
	COMPARE(0x380, 0x89, 0x01);			    /* mov %eax, (%rcx) */
	COMPARE(0x380, 0x44, 0x89, 0x09);		    /* mov %r9d, (%rcx) */
	COMPARE(0x380, 0x45, 0x89, 0x0a);		    /* mov %r9d, (%r10) */
	COMPARE(0x0b0, 0x89, 0x41, 0x00);		    /* mov %eax, 0(%rcx) */
	COMPARE(0x0b0, 0x89, 0x81, 0, 0, 0, 0);		    /* mov %eax, 0L(%rcx) */
	COMPARE(0x0b0, 0x89, 0x04, 0x11);		    /* mov %eax, (%rcx,%rdx) */
	COMPARE(0x0b0, 0x89, 0x44, 0x11, 0x00);		    /* the same with 0 */
	COMPARE(0x0b0, 0x89, 0x84, 0x11, 0, 0, 0, 0);	    /* with 0L */
	COMPARE(0x0b0, 0x3e, 0x89, 0x01);		    /* ds: */
	COMPARE(0x0b0, 0x67, 0x89, 0x01);		    /* mov %eax, (%ecx) */
	COMPARE(0x350, 0xc7, 0x01, 0x78, 0x56, 0x34, 0x12); /* movl $, (%rcx) */
	COMPARE(0x350, 0xc7, 0x04, 0x11, 0x78, 0x56, 0x34, 0x12);
	COMPARE(0x350, 0xc7, 0x84, 0x11, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x12);
	COMPARE(0x350, 0x3e, 0xc7, 0x81, 0, 0, 0, 0, 0x78, 0x56, 0x34, 0x92);
	COMPARE(0x370, 0x87, 0x01);			   /* xchg %eax, (%rcx) */
	COMPARE(0x370, 0x45, 0x87, 0x0a);		   /* xchg %r9d, (%r10) */
	COMPARE_ABSOLUTE(3, 0x89, 0x04, 0x25, 0, 0, 0, 0); /* mov %eax, ADDRESS */
	COMPARE_ABSOLUTE(3, 0xc7, 0x04, 0x25, 0, 0, 0, 0, 1, 2, 3, 4);
	COMPARE_ABSOLUTE(4, 0x44, 0x87, 0x0c, 0x25, 0, 0, 0, 0);
}

static void not_understood(void **state)
{
	static const u8 other[][4] = {
		{0x89, 0xc8},	    /* no memory */
		{0x01, 0x01},	    /* add */
		{0xf0, 0x09, 0x01}, /* lock or */
		{0xc7, 0x71, 0x58}, /* C7 /6 is no instruction */
		{0xa3},
		{0xab},
		{0x3e, 0x3e, 0x3e, 0x3e},
	};

	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		struct vcpu *vcpu = fresh();

		memcpy(host_ram(CODE_GPA), other[i], 4);
		assert_false(apic_stored(vcpu, 0xfee00300));
		assert_int_equal(vcpu->regs[LVMON_RIP], CODE);
		assert_int_equal(page[0x300 / 4], 0x11111111);
	}
}

/*
 * What no register takes is dropped, and reaches no guarded register by being rounded to it: INIT
 * for CPU 1, by an odd address or another size.
 */
static void dropped(void **state)
{
	static const struct {
		u32 offset, length;
		u8 insn[8];
	} cases[] = {
		{0x304, 6, {0xc7, 0x01, 0x00, 0x45, 0x0c, 0x00}}, /* movl $0xc4500, (%rcx) */
		{0x301, 6, {0xc7, 0x01, 0x00, 0x45, 0x0c, 0x00}},
		{0x30c, 6, {0xc7, 0x01, 0x00, 0x45, 0x0c, 0x00}},
		{0x2fe, 6, {0xc7, 0x01, 0x00, 0x45, 0x0c, 0x00}},
		{0x0d4, 2, {0x89, 0x01}},	/* mov %eax, (%rcx) */
		{0x300, 3, {0x48, 0x89, 0x01}}, /* mov %rax, (%rcx) */
		{0x300, 3, {0x66, 0x89, 0x01}}, /* mov %ax, (%rcx) */
		{0x301, 2, {0x88, 0x21}},	/* mov %ah, (%rcx) */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vcpu *vcpu = fresh();

		page[0x310 / 4] = 2u << 24;
		all[0].ldr = 7;
		vcpu->regs[LVMON_RAX] = 0x4500;
		memcpy(host_ram(CODE_GPA), cases[i].insn, sizeof(cases[i].insn));
		assert_true(apic_stored(vcpu, 0xfee00000 + cases[i].offset));
		assert_int_equal(vcpu->regs[LVMON_RIP], CODE + cases[i].length);
		for (u32 at = 0; at < 1024; at++)
			assert_int_equal(page[at], at == 0x310 / 4 ? 2u << 24 : 0x11111111);
		for (u32 c = 0; c < 4; c++)
			assert_false(all[c].init_pending || all[c].kicked);
		assert_int_equal(all[0].ldr, 7);
	}
}

/* The CPU's own stores are no instruction's, whatever stands at RIP. */
static void not_by_an_instruction(void **state)
{
	static const u8 insn[] = {0x89, 0x01};
	struct vcpu *vcpu = fresh();
	struct vm_exit exit = {.page = {.gpa = APIC_PAGE + 0x300, .access = ACCESS_WRITE}};

	memcpy(host_ram(CODE_GPA), insn, sizeof(insn));
	exit.page.delivery = true;
	assert_int_equal(region_fault(&apic_page, vcpu, &exit), REGION_DF);
	exit.page.delivery = false;
	exit.page.walk = true;
	assert_int_equal(region_fault(&apic_page, vcpu, &exit), REGION_GP);
	exit.page.walk = false;
	exit.page.access = ACCESS_EXEC;
	assert_int_equal(region_fault(&apic_page, vcpu, &exit), REGION_GP);
	assert_int_equal(page[0x300 / 4], 0x11111111);
}

/* Whoever the firmware does not list, or calls disabled, is never started by the guest. */
static void unlisted_cpus(void **state)
{
	static const struct {
		u32 cpus, disabled;
		bool open;
	} cases[] = {{1, 0, true}, {0, 0, false}, {1, 1, false}, {4, 0, false}, {4, 2, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fresh();
		apic_init(&(struct boot_info){.cpus = cases[i].cpus,
					      .cpus_disabled = cases[i].disabled});
		assert_int_equal(apic_open, cases[i].open);
		assert_int_equal(!!(apic_page.rights & ACCESS_WRITE), cases[i].open);
		/* INIT and SIPI to whom we do not know are swallowed, whatever the mode. */
		host_log_clear();
		assert_true(apic_icr_written(&all[0].vcpu, 0x4500, 99));
		assert_int_equal(host_log_size, 0);
		assert_true(apic_icr_written(&all[0].vcpu, 0x4699, 99));
		assert_non_null(strstr(host_log, "starts APIC id 99"));
		/* All run: the page opens if that was all of them. */
		apic_open_again();
		assert_int_equal(apic_open, cases[i].cpus && !cases[i].disabled);
	}
}

/* Where the firmware left SMM open, the page is never open, and no local vector sends an SMI. */
static void open_smm(void **state)
{
	static const u8 insn[] = {0x89, 0x01}; /* mov %eax, (%rcx) */
	static const u32 lvts[] = {0x2f0, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x500, 0x530};

	for (u32 on = 0; on < 2; on++) {
		smm_open = on;
		fresh();
		apic_init(&(struct boot_info){.cpus = 1});
		assert_int_equal(apic_open, !on);
		smm_open = false; /* another CPU's is found open later */
		fresh();
		apic_init(&(struct boot_info){.cpus = 4});
		smm_open = on;
		apic_open_again();
		assert_int_equal(apic_open, !on);
		for (u32 i = 0; i < ARRAY_SIZE(lvts); i++)
			for (u32 mode = 0; mode < 8; mode++) {
				struct vcpu *vcpu = fresh();

				memcpy(host_ram(CODE_GPA), insn, sizeof(insn));
				vcpu->regs[LVMON_RIP] = CODE;
				vcpu->regs[LVMON_RAX] = 0x10055 | mode << 8;
				page[lvts[i] / 4] = 0x1234;
				assert_true(apic_stored(vcpu, APIC_PAGE + lvts[i]));
				assert_int_equal(page[lvts[i] / 4],
						 on && mode == 2 ? 0x1234 : 0x10055 | mode << 8);
			}
	}
	smm_open = false;
}

/* The instruction ends where its page ends, or where nothing is mapped. */
static void at_the_end_of_a_page(void **state)
{
	static const u8 insn[] = {0xc7, 0x81, 0, 0, 0, 0, 1, 2, 3, 4};

	for (u64 here = 1; here <= sizeof(insn); here++) {
		struct vcpu *vcpu = fresh();

		memcpy((u8 *)host_ram(CODE_GPA) + PAGE_SIZE - here, insn, here);
		vcpu->regs[LVMON_RIP] = CODE + PAGE_SIZE - here;
		assert_int_equal(apic_stored(vcpu, 0xfee00350), here == sizeof(insn));
		host_guest_map(paging.cr3, 4, CODE + PAGE_SIZE, 0x600000, PAGE_SIZE);
		memcpy(host_ram(0x600000), insn + here, sizeof(insn) - here);
		vcpu->regs[LVMON_RIP] = CODE + PAGE_SIZE - here;
		assert_true(apic_stored(vcpu, 0xfee00350));
		assert_int_equal(page[0x350 / 4], 0x04030201);
		assert_int_equal(vcpu->regs[LVMON_RIP], CODE + PAGE_SIZE - here + sizeof(insn));
	}
}

/* Any bytes at all: no access outside of what was fetched. */
static void noise(void **state)
{
	u32 seed = 1;

	for (int n = 0; n < 3000; n++) {
		struct vcpu *vcpu = fresh();
		u8 *code = host_ram(CODE_GPA);

		for (int i = 0; i < 16; i++) {
			seed = seed * 1664525 + 1013904223;
			code[i] = seed >> 24;
		}
		if (n % 3)
			code[n % 5] = n % 2 ? 0xc7 : 0x89;
		(void)!apic_stored(vcpu, 0xfee00000 + (seed >> 8 & 0xff0));
		assert_in_range(vcpu->regs[LVMON_RIP] - CODE, 0, 15);
	}
}

static void init_and_startup(void **state)
{
	struct vcpu *vcpu = fresh();

	/* INIT to a CPU that runs: fetched by an NMI of ours. */
	assert_true(apic_icr_written(vcpu, 0x4500, 2));
	assert_true(all[1].init_pending && all[1].kicked);
	assert_int_equal(sent_nmis[1], 1);
	assert_false(all[0].init_pending || all[2].init_pending || all[3].init_pending);
	/* SIPI before it got there is kept. */
	assert_true(apic_icr_written(vcpu, 0x4608, 2));
	assert_int_equal(all[1].sipi, SIPI_LATCHED | 8);
	/* To one that waits: woken. To one that runs: nothing. */
	all[2].waiting = true;
	assert_true(apic_icr_written(vcpu, 0x4699, 4));
	assert_int_equal(all[2].sipi, SIPI_LATCHED | 0x99);
	assert_int_equal(sent_wakes[2], 1);
	assert_true(apic_icr_written(vcpu, 0x4699, 6));
	assert_int_equal(all[3].sipi, 0);
	/* De-assert means nothing. */
	assert_true(apic_icr_written(vcpu, 0x8500, 6));
	assert_false(all[3].init_pending);
	/* What is neither goes to the hardware. */
	assert_false(apic_icr_written(vcpu, 0x40fd, 2));
	/* an SMI is for nobody, whoever is meant */
	assert_true(apic_icr_written(vcpu, 0x4200, 2));
	assert_true(apic_icr_written(vcpu, 0xc4200, 0));
}

/* An NMI is noted where it goes, and a kick makes it seen; physical, logical and shorthand. */
static void nmis(void **state)
{
	static const struct {
		bool x2;
		u32 low, destination, reached;
	} cases[] = {
		{false, 0x4400, 2, 2},	    {false, 0x4c00, 0xa, 10}, {false, 0xc4400, 0, 14},
		{false, 0x4c00, 0xff, 15},  {true, 0x4c00, 0x10, 4},  {true, 0x4c00, 0x54, 14},
		{true, 0x4c00, 0x10010, 0}, {false, 0x44400, 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct vcpu *vcpu = fresh();
		u32 reached = 0, kicked = 0;

		in_x2apic = cases[i].x2;
		for (u32 c = 0; c < 4; c++) {
			all[c].nmi_pending = false;
			all[c].ldr = 1u << c;
		}
		/* Nobody is there: the hardware may know better. */
		assert_int_equal(apic_icr_written(vcpu, cases[i].low, cases[i].destination),
				 cases[i].reached != 0);
		for (u32 c = 0; c < 4; c++) {
			reached |= (u32)all[c].nmi_pending << c;
			kicked |= sent_nmis[c] << c;
		}
		assert_int_equal(reached, cases[i].reached);
		assert_int_equal(kicked, cases[i].reached & ~1u); /* not the sender itself */
	}
	in_x2apic = false;
}

static void shorthands(void **state)
{
	static const struct {
		u32 low, destination, reached;
	} cases[] = {
		{0x4500, 2, 2},	  {0x4500, 0xff, 15}, {0x44500, 2, 1},
		{0x84500, 2, 15}, {0xc4500, 2, 14},   {0x4500, 0x55, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 reached = 0;

		assert_true(apic_icr_written(fresh(), cases[i].low, cases[i].destination));
		for (u32 c = 0; c < 4; c++)
			reached |= (u32)all[c].init_pending << c;
		assert_int_equal(reached, cases[i].reached);
	}
}

/* By a store: INIT does not reach the hardware, an ordinary IPI does. */
static void icr_by_store(void **state)
{
	static const u8 insn[] = {0x89, 0x01};
	struct vcpu *vcpu = fresh();

	memcpy(host_ram(CODE_GPA), insn, sizeof(insn));
	page[0x310 / 4] = 2u << 24;
	vcpu->regs[LVMON_RAX] = 0x4500;
	assert_true(apic_stored(vcpu, 0xfee00300));
	assert_int_equal(page[0x300 / 4], 0x11111111);
	assert_true(all[1].init_pending);
	vcpu->regs[LVMON_RIP] = CODE;
	vcpu->regs[LVMON_RAX] = 0x40fd;
	assert_true(apic_stored(vcpu, 0xfee00300));
	assert_int_equal(page[0x300 / 4], 0x40fd);
}

static void store_eoi(struct vcpu *vcpu)
{
	static const u8 insn[] = {0x89, 0x01};

	memcpy(host_ram(CODE_GPA), insn, sizeof(insn));
	vcpu->regs[LVMON_RIP] = CODE;
	assert_true(apic_stored(vcpu, 0xfee000b0));
}

/* Its stores are seen while a CPU can be started, and not for ever when none is. */
static void page_opens_and_closes(void **state)
{
	struct vcpu *vcpu = fresh();

	/* one still waits */
	all[3].waiting = true;
	for (u32 i = 0; i < 3 * STORES_WITHOUT_INIT; i++)
		store_eoi(vcpu);
	assert_true(page_trapped && !apic_open);
	/* all run */
	all[3].waiting = false;
	store_eoi(vcpu);
	assert_true(!page_trapped && apic_open);
	/*
	 * one is announced: the others are out of the guest and forget what they know of the page
	 */
	for (u32 i = 1; i < 4; i++)
		all[i].held = true;
	page[0xd0 / 4] = 0x8 << 24;
	apic_init_announced(&all[0]);
	assert_true(page_trapped && !apic_open);
	assert_int_equal(flushes, 1);
	assert_int_equal(all[0].ldr, 8);
	for (u32 i = 1; i < 4; i++)
		assert_true(all[i].kicked && !all[i].hold);
	/* once is enough */
	apic_init_announced(&all[0]);
	assert_int_equal(flushes, 1);
	/* INIT that comes late is still seen */
	for (u32 i = 0; i < STORES_WITHOUT_INIT; i++)
		store_eoi(vcpu);
	assert_true(apic_icr_written(vcpu, 0x4500, 2));
	all[1].init_pending = false;
	for (u32 i = 0; i < STORES_WITHOUT_INIT; i++)
		store_eoi(vcpu);
	assert_true(page_trapped);
	store_eoi(vcpu);
	assert_false(page_trapped);
	/* the person wants them all to be seen */
	fresh();
	keep_closed = true;
	for (u32 i = 0; i < 3 * STORES_WITHOUT_INIT; i++)
		store_eoi(vcpu);
	assert_true(page_trapped);
}

static void engine_lock_gives_up(void **state)
{
	fresh();
	assert_true(smp_lock_engine());
	assert_false(smp_lock_engine());
	smp_unlock_engine();
	assert_true(smp_lock_engine());
	smp_unlock_engine();
}

/* CPUs 1 to 3 are held, which is what they would be after a kick; the second waits for SIPI. */
static struct cpu *fresh_held(void)
{
	fresh();
	all[1].held = all[3].held = all[2].waiting = true;
	return &all[0];
}

static void assert_released(void)
{
	for (u32 i = 0; i < 4; i++)
		assert_false(all[i].hold);
	assert_true(lock_try(&hold_lock));
	lock_release(&hold_lock);
	assert_int_equal(pause_now, 0);
}

static void pause_and_resume(void **state)
{
	fresh_held();

	assert_int_equal(pause_end(), -ETIME); /* nobody is held */
	assert_int_equal(pause_others(), 0);
	assert_false(all[0].hold);
	for (u32 i = 1; i < 4; i++)
		assert_true(all[i].hold);
	assert_int_equal(sent_nmis[0] | sent_wakes[0], 0);
	assert_int_equal(sent_nmis[1], 1);
	assert_int_equal(sent_wakes[2], 1);
	assert_int_equal(pause_others(), -EBUSY);
	assert_true(all[1].hold);
	assert_int_equal(pause_end(), 0);
	assert_released();
	assert_int_equal(pause_end(), -ETIME);

	smp_cpus = 1;
	assert_int_equal(pause_others(), 0);
	assert_false(all[1].hold);
	assert_int_equal(pause_end(), 0);
	assert_int_equal(pause_others(), 0);
	spent += PAUSE_NS + 1;
	assert_int_equal(pause_end(), -ETIME);
}

/* What ends it is the time that the domain had on its CPU, whatever else has gone by. */
static void pause_limit_of_time(void **state)
{
	struct cpu *cpu = fresh_held();

	assert_int_equal(pause_others(), 0);
	host_tsc += 100 * PAUSE_NS; /* the host has run something else */
	spent += PAUSE_NS - 1;
	pause_check(cpu);
	assert_true(all[1].hold);
	assert_int_equal(pause_end(), 0);
	assert_released();

	assert_int_equal(pause_others(), 0);
	pause_more(50);
	spent += PAUSE_NS + 1;
	pause_check(cpu);
	assert_true(all[1].hold);
	spent += 50 * 1000000;
	pause_check(&all[1]);
	assert_true(all[1].hold);
	pause_check(cpu);
	assert_released();
	assert_int_equal(pause_end(), -ETIME);
	/* longer than it may */
	assert_int_equal(pause_others(), 0);
	spent += PAUSE_NS + 1;
	assert_int_equal(pause_end(), -ETIME);
	assert_released();
}

/* A held CPU lets all go when the other one has lost count, and that one hears of it. */
static void pause_backstop(void **state)
{
	struct cpu *cpu = fresh_held();

	time_step = LOOK_NS * 50; /* it stood still between two looks: counts as one */
	assert_int_equal(pause_others(), 0);
	assert_false(end_pause(pause_now + 1)); /* another pause */
	assert_true(all[1].hold);
	host_tsc = 0;
	hold_obey(&all[1]); /* returns by itself */
	assert_in_range(host_tsc / time_step, PAUSE_NS * PATIENCE / LOOK_NS,
			PAUSE_NS * PATIENCE / LOOK_NS + 10);
	time_step = 1000;
	assert_false(all[1].held);
	assert_released();
	assert_int_equal(pause_end(), -ETIME);
	/* not so when the CPU's memory is open to one instruction */
	all[1].held = true;
	hold_others(cpu);
	host_tsc += 1000 * STOP_NS;
	assert_true(all[1].hold && all[3].hold);
	assert_false(end_pause(pause_now));
	hold_release_others(cpu);
	assert_released();
}

/* No held CPU, however long it has waited, ends what must happen while all are held. */
static void pause_kept(void **state)
{
	u64 number;

	fresh_held();
	assert_false(pause_keep()); /* nobody is held */
	assert_int_equal(pause_others(), 0);
	number = pause_now;
	assert_true(pause_keep());
	assert_false(end_pause(number)); /* what a held CPU read before */
	assert_false(end_pause(pause_now));
	assert_true(all[1].hold && all[3].hold);
	pause_unkeep();
	assert_int_equal(pause_now, number);
	hold_obey(&all[1]);
	assert_released();
	assert_false(pause_keep());
	assert_int_equal(pause_end(), -ETIME);
}

/* A flood of interrupts: the others stand still, also over a pause, until the event ends. */
static void quiet(void **state)
{
	struct cpu *cpu = fresh_held();

	cpu->loan.foreign = 64;
	hold_quiet_others(cpu);
	assert_true(hold_quiet && all[1].hold && all[3].hold && !cpu->hold);
	assert_int_equal(cpu->loan.foreign, 0);
	hold_quiet_others(cpu);
	assert_int_equal(pause_others(), 0);
	assert_int_equal(pause_end(), 0);
	assert_true(all[1].hold);
	assert_int_equal(pause_others(), 0);
	spent += PAUSE_NS + 1;
	pause_check(cpu);
	assert_int_equal(pause_now, 0);
	assert_true(all[1].hold);
	assert_int_equal(pause_others(), 0);
	hold_end_quiet(cpu);
	assert_false(hold_quiet);
	assert_released();
	/* in a pause they are held already */
	assert_int_equal(pause_others(), 0);
	hold_quiet_others(cpu);
	assert_false(hold_quiet);
	assert_int_equal(pause_end(), 0);
	assert_released();
	/* one does not come */
	all[3].held = false;
	hold_quiet_others(cpu);
	assert_false(hold_quiet);
	assert_released();
}

static void pause_of_one_that_does_not_come(void **state)
{
	fresh_held();

	all[3].held = false;
	assert_int_equal(pause_others(), -ETIME);
	assert_released();
	all[3].held = true;
	assert_int_equal(pause_others(), 0);
	assert_int_equal(pause_end(), 0);
}

static u32 opened;

static void open_after_a_while(void)
{
	if (++opened == 2)
		all[1].hold = false;
}

/* Another CPU holds once more, and its kick comes just before this CPU closes itself. */
static void close_too_late(void)
{
	if (opened == 1)
		all[1].hold = true;
}

static void held_again_while_closing(void **state)
{
	struct vcpu_ops ops = paging_ops;

	fresh();
	ops.host_open = open_after_a_while;
	ops.host_close = close_too_late;
	vcpu_ops = &ops;
	opened = 0;
	hold_obey(&all[1]);
	vcpu_ops = &paging_ops;
	assert_int_equal(opened, 2);
	assert_false(all[1].hold || all[1].held);
}

static u64 steps[4]; /* in the guest */
static bool stop_all;
static u32 own_holds;

/* A CPU in the guest, but for its exits; the last one writes to our memory at times. */
static void *run_guest(void *arg)
{
	struct cpu *cpu = arg;

	while (!__atomic_load_n(&stop_all, __ATOMIC_SEQ_CST)) {
		if (__atomic_exchange_n(&cpu->kicked, false, __ATOMIC_SEQ_CST) || cpu->hold) {
			if (cpu->hold)
				hold_obey(cpu);
			continue;
		}
		__atomic_fetch_add(&steps[cpu->id], 1, __ATOMIC_SEQ_CST);
		if (cpu->id == 3 && steps[3] % 64 == 0) {
			hold_others(cpu);
			own_holds++;
			hold_release_others(cpu);
		}
	}
	__atomic_store_n(&cpu->waiting, true, __ATOMIC_SEQ_CST);
	return NULL;
}

static void pauses_of_running_cpus(void **state)
{
	pthread_t threads[4];
	struct cpu *cpu;
	u32 done = 0, moved = 0;

	fresh();
	cpu = &all[0];
	time_step = 1;
	for (u32 i = 1; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_guest, &all[i]), 0);
	while (done < 200) {
		u64 before[4];
		bool still = true;

		usleep(200);
		if (pause_others())
			continue;
		for (u32 i = 1; i < 4; i++)
			before[i] = __atomic_load_n(&steps[i], __ATOMIC_SEQ_CST);
		sched_yield();
		for (u32 i = 1; i < 4; i++)
			still = still && before[i] == __atomic_load_n(&steps[i], __ATOMIC_SEQ_CST);
		if (pause_end())
			continue; /* the limit */
		moved += !still;
		done++;
	}
	__atomic_store_n(&stop_all, true, __ATOMIC_SEQ_CST);
	for (u32 i = 1; i < 4; i++) {
		while (!__atomic_load_n(&all[i].waiting, __ATOMIC_SEQ_CST))
			if (cpu->hold)
				hold_obey(cpu);
		pthread_join(threads[i], NULL);
	}
	time_step = 1000;
	assert_int_equal(moved, 0);
	assert_true(steps[1] && steps[2] && own_holds);
	assert_released();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores),
		cmocka_unit_test(not_understood),
		cmocka_unit_test(dropped),
		cmocka_unit_test(not_by_an_instruction),
		cmocka_unit_test(unlisted_cpus),
		cmocka_unit_test(open_smm),
		cmocka_unit_test(at_the_end_of_a_page),
		cmocka_unit_test(noise),
		cmocka_unit_test(init_and_startup),
		cmocka_unit_test(nmis),
		cmocka_unit_test(shorthands),
		cmocka_unit_test(icr_by_store),
		cmocka_unit_test(page_opens_and_closes),
		cmocka_unit_test(engine_lock_gives_up),
		cmocka_unit_test(pause_and_resume),
		cmocka_unit_test(pause_kept),
		cmocka_unit_test(pause_limit_of_time),
		cmocka_unit_test(pause_backstop),
		cmocka_unit_test(quiet),
		cmocka_unit_test(pause_of_one_that_does_not_come),
		cmocka_unit_test(held_again_while_closing),
		cmocka_unit_test(pauses_of_running_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
