/* SPDX-License-Identifier: Apache-2.0 */
/* vmm/smp.c, apic.c and hold.c on the host, included for what is static in it: four CPUs and the
 * APIC's page. */
#ifndef UNIT_SMP_HOST_H
#define UNIT_SMP_HOST_H

#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"

/* GS of this thread leads elsewhere. */
#define this_cpu fake_this_cpu
static struct cpu *fake_this_cpu(void);

#include "vmm/smp.c"
#include "vmm/apic.c"
#include "vmm/hold.c"

#define CODE	 0xffffffff81000000ull
#define CODE_GPA 0x400000ull

#define APIC_PAGE 0xfee00000ull

const u8 trampoline_start[1], trampoline_end[1], trampoline_values[1];

static struct cpu all[4];
static u32 page[1024]; /* the APIC's */
static u32 sent_nmis[4], sent_wakes[4];
static struct vcpu_paging paging;

static struct cpu *fake_this_cpu(void)
{
	return &all[0];
}

struct cpu *cpu_create(hpa_t root, u32 id)
{
	return &all[id];
}

void cpu_load(struct cpu *cpu)
{
	(void)cpu;
}

int fpu_init(struct fpu *fpu)
{
	return fpu ? 0 : -ENODEV;
}

static u64 time_step = 1000; /* ns that pass from one look at the clock to the next */

u64 time_ns(void)
{
	return __atomic_add_fetch(&host_tsc, time_step, __ATOMIC_SEQ_CST);
}

u64 tsc_to_ns(u64 tsc)
{
	return tsc;
}

static u64 spent; /* what the domain has had of its CPU */

u64 lapic_spent(const struct lapic_loan *loan)
{
	(void)loan;
	return spent;
}

void time_wait_us(u32 us)
{
	(void)us;
}

static bool page_trapped;
static u32 flushes;

void nested_protect(gpa_t start, u64 size, u32 access)
{
	if (start != APIC_PAGE || size != PAGE_SIZE || !(access & ACCESS_READ))
		abort();
	page_trapped = !(access & ACCESS_WRITE);
}

gpa_t lapic_base(void)
{
	return APIC_PAGE;
}

u32 lapic_ldr(void)
{
	return page[0xd0 / 4] >> 24;
}

const char *find_word(const char *line, const char *prefix)
{
	(void)line;
	(void)prefix;
	return NULL;
}

u32 lapic_id(void)
{
	return 0;
}

void smm_claim(void)
{
}

bool smm_open;

bool smm_refuses(u32 lvt)
{
	return smm_open && (lvt >> 8 & 7) == 2;
}

void lapic_end_of_interrupt(void)
{
}

void lapic_reset(bool enabled)
{
	(void)enabled;
}

void lapic_send_init(u32 apic_id)
{
	(void)apic_id;
}

void lapic_send_startup(u32 apic_id, u32 at)
{
	(void)apic_id;
	(void)at;
}

void lapic_send_nmi(u32 apic_id)
{
	sent_nmis[apic_id / 2]++;
}

void lapic_send_fixed(u32 apic_id, u32 vector)
{
	if (vector != WAKE_VECTOR)
		abort();
	sent_wakes[apic_id / 2]++;
}

static bool in_x2apic;

bool lapic_x2apic(void)
{
	return in_x2apic;
}

u32 lapic_read_page(u32 offset)
{
	return page[offset / 4];
}

void lapic_write_page(u32 offset, u32 value)
{
	page[offset / 4] = value;
}

static void get_paging(struct vcpu *vcpu, struct vcpu_paging *p)
{
	(void)vcpu;
	*p = paging;
}

static void flush(struct vcpu *vcpu)
{
	(void)vcpu;
	flushes++;
}

static void nothing(void)
{
}

static const struct vcpu_ops paging_ops = {.name = "fake",
					   .get_paging = get_paging,
					   .flush = flush,
					   .host_open = nothing,
					   .host_close = nothing};

static struct vcpu *fresh(void)
{
	gpa_t root;

	host_guest();
	root = host_guest_root();
	host_vcpu(&all[0].vcpu, &paging, root);
	vcpu_ops = &paging_ops;
	host_guest_map(root, 4, CODE, CODE_GPA, PAGE_SIZE);
	for (u32 i = 0; i < 4; i++) {
		struct cpu *cpu = &all[i];

		cpu->id = i;
		cpu->apic_id = i * 2;
		cpu->vcpu.cpu = cpu;
		cpu->waiting = cpu->init_pending = cpu->kicked = false;
		cpu->hold = cpu->held = false;
		cpu->sipi = 0;
		smp_list[i] = cpu;
		sent_nmis[i] = sent_wakes[i] = 0;
	}
	smp_cpus = 4;
	apic_init(&(struct boot_info){.cpus = 4});
	hold_quiet = pause_in_quiet = false;
	pause_now = 0;
	page_trapped = true;
	stores_seen = flushes = 0;
	memset(page, 0x11, sizeof(page));
	all[0].vcpu.regs[LVMON_RIP] = CODE;
	return &all[0].vcpu;
}

/* The guest's instruction at RIP stores to its APIC's page. False: it is not understood. */
static bool apic_stored(struct vcpu *vcpu, gpa_t gpa)
{
	struct vm_exit exit = {.kind = EXIT_NESTED_PAGE,
			       .page = {.gpa = gpa, .access = ACCESS_WRITE, .first = NO_VECTOR}};

	return region_fault(region_at(gpa, 1), vcpu, &exit) == REGION_DONE;
}

#endif
