// SPDX-License-Identifier: Apache-2.0
/* See vmm_host.h. */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/guest/ram.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/smp.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

#define GUEST_TABLES 0x200000ull

static u8 *arena;
static u64 arena_size;
static int ram_file = -1;
static u8 *ram;
static hpa_t slot_root;
static gpa_t next_table;
static struct sigaction previous;

static void *must_map(void *at, size_t size, int prot, int flags, int file, off_t offset)
{
	void *p = mmap(at, size, prot, flags, file, offset);

	if (p == MAP_FAILED || (at && p != at)) {
		perror("mmap");
		abort();
	}
	return p;
}

void host_use_up(u64 left)
{
	while (pages_free() > left)
		if (!page_alloc())
			abort();
}

void host_memory(u64 pages)
{
	if (arena) {
		host_use_up(0);
		munmap(arena, arena_size);
	}
	/* A page that nobody may touch on either side. */
	arena_size = (pages + 2) * PAGE_SIZE;
	arena = must_map(NULL, arena_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages)
		mprotect(arena + PAGE_SIZE, pages * PAGE_SIZE, PROT_READ | PROT_WRITE);
	memory_init(HOST_HPA, HOST_HPA + pages * PAGE_SIZE, (u64)arena + PAGE_SIZE - HOST_HPA);
}

static void close_slot(void)
{
	must_map((void *)FIXED_GUEST_WRITE, PAGE_SIZE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* The write slot's page fault: fill the "TLB" from the entry. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	u64 va = (u64)info->si_addr;
	u64 *entry;

	(void)context;
	if (slot_root && va - FIXED_GUEST_WRITE < PAGE_SIZE) {
		entry = page_entry(slot_root, FIXED_GUEST_WRITE);
		if (entry && (*entry & PTE_P) && (*entry & PTE_W) && (*entry & PTE_NX)) {
			must_map((void *)FIXED_GUEST_WRITE, PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, ram_file, (off_t)(*entry & PTE_ADDRESS));
			return;
		}
	}
	sigaction(signal, &previous, NULL);
}

static void window(gpa_t start, gpa_t end)
{
	must_map((void *)(WINDOW_BASE + start), end - start, PROT_READ, MAP_SHARED | MAP_FIXED,
		 ram_file, (off_t)start);
}

void host_slot_faults(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sigaction now;

	sigaction(SIGSEGV, NULL, &now);
	if (now.sa_sigaction != on_fault) {
		previous = now;
		sigaction(SIGSEGV, &action, NULL);
	}
}

hpa_t host_guest_with(u64 pages)
{
	static const struct boot_info bi = {
		.memory_entries = 4,
		.memory = {{0, 0x9f800, MEMORY_RAM},
			   {0x9f800, 0x60800, MEMORY_RESERVED},
			   {0x100000, HOST_RAM_END - 0x100000, MEMORY_RAM},
			   {0xfec00000, 0x1000, MEMORY_RESERVED}},
		.own = HOST_OWN,
		.own_size = HOST_OWN_END - HOST_OWN,
	};

	if (ram_file < 0) {
		ram_file = memfd_create("guest", 0);
		if (ram_file < 0 || ftruncate(ram_file, HOST_RAM_END))
			abort();
		ram = must_map(NULL, HOST_RAM_END, PROT_READ | PROT_WRITE, MAP_SHARED, ram_file, 0);
		must_map((void *)WINDOW_BASE, HOST_RAM_END + PAGE_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		window(0, 0x9f000);
		window(0x100000, HOST_OWN);
		window(HOST_OWN_END, HOST_RAM_END);
	}
	host_slot_faults();
	if (ftruncate(ram_file, 0) || ftruncate(ram_file, HOST_RAM_END))
		abort();
	close_slot();
	host_memory(pages);
	slot_root = page_alloc();
	next_table = GUEST_TABLES;
	guest_ram_ranges = 0;
	guest_ram_init(&bi, slot_root);
	return slot_root;
}

hpa_t host_guest(void)
{
	return host_guest_with(64);
}

void *host_ram(gpa_t gpa)
{
	return ram + gpa;
}

gpa_t host_guest_root(void)
{
	gpa_t table = next_table;

	next_table += PAGE_SIZE;
	return table;
}

u64 *host_guest_entry(gpa_t root, int levels, gva_t va, int level)
{
	gpa_t table = root;

	for (int l = levels;; l--) {
		u64 *entry = (u64 *)(ram + table) + (va >> (12 + 9 * (l - 1)) & 511);

		if (l == level)
			return entry;
		if (!(*entry & PTE_P))
			*entry = host_guest_root() | PTE_P | PTE_W;
		table = *entry & PTE_ADDRESS;
	}
}

void host_guest_map(gpa_t root, int levels, gva_t va, gpa_t gpa, u64 size)
{
	int level = size == PAGE_SIZE ? 1 : size == LARGE_PAGE_SIZE ? 2 : 3;

	*host_guest_entry(root, levels, va, level) =
		gpa | PTE_P | PTE_W | (level > 1 ? PTE_LARGE : 0);
}

/* The vCPU. */

struct host_injected host_injected;
struct host_step host_step;

static void inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error, u32 error)
{
	(void)vcpu;
	(void)type;
	host_injected.count++;
	host_injected.vector = vector;
	host_injected.has_error = has_error;
	host_injected.error = error;
}

static u64 get_reg(struct vcpu *vcpu, enum lvmon_reg reg)
{
	(void)vcpu;
	return reg == LVMON_CR0 ? CR0_PE | CR0_PG : reg == LVMON_CR4 ? CR4_PAE : 0;
}

static void raise_debug(struct vcpu *vcpu, u64 causes)
{
	(void)vcpu;
	host_injected.debug |= causes;
}

static const struct vcpu_ops ops = {
	.name = "fake", .inject = inject, .raise_debug = raise_debug, .get_reg = get_reg};

/* vmm/vcpu.c has the real ones. */
const struct vcpu_ops *vcpu_ops __attribute__((weak)) = &ops;

void __attribute__((weak)) vcpu_step_with(struct vcpu *vcpu, gpa_t gpa, u8 byte)
{
	vcpu->step = STEP_TRAP;
	host_step.count++;
	host_step.gpa = gpa;
	host_step.byte = byte;
}

void __attribute__((weak))
vcpu_inject(struct vcpu *vcpu, u32 vector, enum inject_type type, bool has_error, u32 error)
{
	vcpu_ops->inject(vcpu, vector, type, has_error, error);
}

void __attribute__((weak)) vcpu_end_flags(struct vcpu *vcpu)
{
	vcpu->regs[LVMON_RFLAGS] &= ~RFLAGS_RF;
}

void host_vcpu(struct vcpu *vcpu, struct vcpu_paging *paging, gpa_t root)
{
	memset(vcpu, 0, sizeof(*vcpu));
	vcpu->regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF;
	*paging = (struct vcpu_paging){.cr3 = root};
	host_injected = (struct host_injected){0};
	host_step.count = 0;
}

/* Hardware. */

u64 host_cr2, host_dr6, host_cr3, host_cr3_writes, host_invlpgs, host_tsc, host_wbinvds;
const volatile void *host_invlpg_last;
void (*host_outb)(u16 port, u8 value);
u8 (*host_inb)(u16 port);
void (*host_outw)(u16 port, u16 value);
u16 (*host_inw)(u16 port);
void (*host_outl)(u16 port, u32 value);
u32 (*host_inl)(u16 port);
struct cpuid_regs (*host_cpuid)(u32 leaf, u32 subleaf);

static struct {
	u32 msr;
	u64 value;
} msrs[64];

static u64 cr0, cr4, cr8;

static u32 msr_slot(u32 msr)
{
	u32 i = 0;

	while (i < ARRAY_SIZE(msrs) - 1 && msrs[i].msr && msrs[i].msr != msr)
		i++;
	msrs[i].msr = msr;
	return i;
}

u64 host_msr(u32 msr)
{
	return msrs[msr_slot(msr)].value;
}

void host_msr_set(u32 msr, u64 value)
{
	msrs[msr_slot(msr)].value = value;
}

u64 rdmsr(u32 msr)
{
	return host_msr(msr);
}

bool (*host_msr_refused)(u32 msr, u64 value);

void wrmsr(u32 msr, u64 v)
{
	/* #GP in ring 0 */
	if (host_msr_refused && host_msr_refused(msr, v))
		abort();
	host_msr_set(msr, v);
}

int __attribute__((weak)) wrmsr_safe(u32 msr, u64 v)
{
	if (host_msr_refused && host_msr_refused(msr, v))
		return -EINVAL;
	host_msr_set(msr, v);
	return 0;
}

int __attribute__((weak)) rdmsr_safe(u32 msr, u64 *v)
{
	*v = host_msr(msr);
	return 0;
}

void outb(u16 port, u8 v)
{
	if (host_outb)
		host_outb(port, v);
}

u8 inb(u16 port)
{
	return host_inb ? host_inb(port) : 0xff;
}

void outw(u16 port, u16 v)
{
	if (host_outw)
		host_outw(port, v);
}

u16 inw(u16 port)
{
	return host_inw ? host_inw(port) : 0xffff;
}

void outl(u16 port, u32 v)
{
	if (host_outl)
		host_outl(port, v);
}

u32 inl(u16 port)
{
	return host_inl ? host_inl(port) : 0xffffffff;
}

u64 (*host_rdtsc)(void);

u64 rdtsc(void)
{
	return host_rdtsc ? host_rdtsc() : host_tsc;
}

struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	return host_cpuid ? host_cpuid(leaf, subleaf) : (struct cpuid_regs){0};
}

u64 read_cr0(void)
{
	return cr0;
}

void write_cr0(u64 v)
{
	cr0 = v;
}

u64 read_cr2(void)
{
	return host_cr2;
}

void write_cr2(u64 v)
{
	host_cr2 = v;
}

u64 read_dr6(void)
{
	return host_dr6;
}

void write_dr6(u64 v)
{
	host_dr6 = v;
}

u64 host_breakpoints[4];

u64 read_breakpoint(u32 number)
{
	return host_breakpoints[number];
}

u64 read_cr3(void)
{
	return host_cr3;
}

void write_cr3(u64 v)
{
	host_cr3 = v;
	host_cr3_writes++;
}

u64 read_cr8(void)
{
	return cr8;
}

void write_cr8(u64 v)
{
	cr8 = v;
}

u64 read_cr4(void)
{
	return cr4;
}

void write_cr4(u64 v)
{
	cr4 = v;
}

/* The one that runs the test, and how many there are. */
u32 smp_cpus __attribute__((weak)) = 1;

void __attribute__((weak)) hold_others(struct cpu *cpu)
{
}

void __attribute__((weak)) hold_release_others(struct cpu *cpu)
{
}

/* vmm/monitor/register.c has the real ones. */
struct trap *__attribute__((weak)) register_place(const struct lvmon_register *reg, s64 *err)
{
	*err = -EPERM;
	return NULL;
}

void __attribute__((weak)) register_forget(struct trap *place)
{
}

struct cpu *__attribute__((weak)) this_cpu(void)
{
	abort();
}

u64 __attribute__((weak)) time_ns(void)
{
	return 0;
}

u32 current_cpu_id(void)
{
	return 0;
}

void invlpg(const volatile void *va)
{
	host_invlpgs++;
	host_invlpg_last = va;
	if (slot_root && (u64)va - FIXED_GUEST_WRITE < PAGE_SIZE)
		close_slot();
}

void wbinvd(void)
{
	host_wbinvds++;
}

void stac(void)
{
}

void clac(void)
{
}

void halt_forever(void)
{
	if (host_fatal_expected)
		longjmp(host_fatal_to, 1);
	abort();
}

u64 host_xcr0;

void xsetbv(u64 v)
{
	host_xcr0 = v;
}

/* The log. */

char host_log[65536];
size_t host_log_size;
jmp_buf host_fatal_to;
bool host_fatal_expected;

void host_log_clear(void)
{
	memset(host_log, 0, sizeof(host_log));
	host_log_size = 0;
}

void __attribute__((weak)) log_begin(void)
{
}

void __attribute__((weak)) log_end(void)
{
}

void __attribute__((weak)) log_byte(u8 byte)
{
	if (host_log_size < sizeof(host_log) - 1)
		host_log[host_log_size++] = (char)byte;
}

void __attribute__((weak)) log_raw(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		log_byte((u8)text[i]);
}

static void put(const char *fmt, va_list ap)
{
	char line[1024];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	log_raw(line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
	log_byte('\n');
}

void __attribute__((weak)) log_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
}

void __attribute__((weak)) log_counted(u64 *count, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (++*count <= LOG_LINES)
		put(fmt, ap);
	va_end(ap);
}

void __attribute__((weak)) fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(fmt, ap);
	va_end(ap);
	if (host_fatal_expected)
		longjmp(host_fatal_to, 1);
	fprintf(stderr, "fatal: %s", host_log);
	abort();
}

void __attribute__((weak)) crash(const struct exception_frame *frame, const char *fmt, ...)
{
	log_line("crash: %s", fmt);
	if (host_fatal_expected)
		longjmp(host_fatal_to, 1);
	fprintf(stderr, "%s", host_log);
	abort();
}
