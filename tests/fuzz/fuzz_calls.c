// SPDX-License-Identifier: Apache-2.0
/*
 * An engine that has gone bad: rows of system calls and LVMON_* calls with any arguments, on the
 * real address space, hook list, ring and guest memory. What it may never get at is looked at after
 * each call.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/domain/internal.h"
#include "vmm/domain/space.h"
#include "vmm/guest/ram.h"
#include "vmm/guest/walk.h"
#include "vmm/memory.h"
#include "vmm/monitor/internal.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/paging.h"

/* Included, since GS of this thread leads elsewhere, and for the ring's counters. */
static struct cpu cpu;
#define this_cpu() (&cpu)
#include "vmm/monitor/calls.c"
#include "vmm/ring.c"
#undef this_cpu

#define QUOTA	 64ull
#define DATA	 0x400000ull /* pages that the engine can write, as its program's */
#define DATA_END 0x404000ull
#define TEXT	 0x500000ull /* and one that it cannot */
#define CODE	 0xffffffff81000000ull
#define CODE_GPA 0x400000ull

struct domain domain;

static hpa_t root;
static u64 pages_at_start;
static bool has_event, wrote;

static bool held;

int pause_others(void)
{
	if (held)
		return -EBUSY;
	held = true;
	return 0;
}

void pause_more(s64 ms)
{
}

bool pause_keep(void)
{
	return held;
}

void pause_unkeep(void)
{
	must(held);
}

int pause_end(void)
{
	if (!held)
		return -ETIME;
	held = false;
	return 0;
}

struct vcpu *event_vcpu(void)
{
	return has_event ? &cpu.vcpu : NULL;
}

int vcpu_read_reg(struct vcpu *v, enum lvmon_reg reg, u64 *value)
{
	must(reg < LVMON_NR_REGS);
	*value = reg < LVMON_NR_EVENT_REGS ? v->regs[reg] : 0;
	return 0;
}

void fpu_restore_domain(void)
{
}

u64 tsc_to_ns(u64 tsc)
{
	return tsc;
}

/* Whoever waits by the clock waits not long. */
u64 time_ns(void)
{
	return host_tsc += 1000000000;
}

void domain_more_time(u32 spent_ms, u32 ms)
{
}

u32 domain_time_left(void)
{
	return LVMON_DRAIN_MS_MAX;
}

u64 domain_cpu_ns(void)
{
	return host_tsc;
}

u64 time_wall_ns(void)
{
	return host_tsc;
}

/* As the CPU would in the vmm's copies: by the page tables, what ring 3 may. */
static int copy(u64 va, void *to, const void *from, u64 size)
{
	if (va >> 47 || size > BIT(47) - va)
		return -EFAULT;
	while (size) {
		u64 part = PAGE_SIZE - (va & ~PAGE_MASK), *entry = page_entry(space_root(), va);
		u8 *page;

		part = part < size ? part : size;
		if (!entry || !(*entry & PTE_P) || !(*entry & PTE_U) || (!to && !(*entry & PTE_W)))
			return -EFAULT;
		page = (u8 *)phys_to_virt(*entry & PTE_ADDRESS) + (va & ~PAGE_MASK);
		if (to) {
			memcpy(to, page, part);
			to = (u8 *)to + part;
		} else {
			memcpy(page, from, part);
			from = (const u8 *)from + part;
		}
		va += part;
		size -= part;
	}
	return 0;
}

int domain_read(void *to, u64 from, u64 size)
{
	return copy(from, to, NULL, size);
}

int domain_write(u64 to, const void *from, u64 size)
{
	return copy(to, NULL, from, size);
}

int domain_store_blob(u64 from, u64 size)
{
	static u8 blob[64];

	return size > sizeof(blob) ? -ENOMEM : domain_read(blob, from, size);
}

static u64 look(const u64 *table, int level, u64 va)
{
	u64 owned = 0;

	for (u64 i = 0; i < (level == 4 ? 256 : 512); i++) {
		u64 at = va + (i << (12 + 9 * (level - 1)));

		if (!(table[i] & PTE_P))
			continue;
		if (level > 1) {
			owned += look(phys_to_virt(table[i] & PTE_ADDRESS), level - 1, at);
			continue;
		}
		owned++;
		must(!(table[i] & PTE_W) || (table[i] & PTE_NX));
		must(at < SPACE_PROGRAM_END || at - SPACE_MMAP < SPACE_MMAP_SIZE);
		must((table[i] & PTE_ADDRESS) >= HOST_HPA &&
		     (table[i] & PTE_ADDRESS) != space_root());
	}
	return owned;
}

static void check(u64 flags)
{
	const u64 harmless = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;

	must(canonical(cpu.vcpu.regs[LVMON_RIP], false));
	must(!((cpu.vcpu.regs[LVMON_RFLAGS] ^ flags) & ~harmless));
	must(!(domain.fs_base >> 47) && !(domain.signal_handler >> 47));
	must(domain.log_length < sizeof(domain.log_text));
	must(!ranges_overlap(*page_entry(root, FIXED_GUEST_WRITE) & PTE_ADDRESS, 1, HOST_OWN,
			     HOST_OWN_END - HOST_OWN));
	/* One reader, who believes in magic and size. */
	must(ring->magic == LVMON_RING_MAGIC && ring->head - ring->tail <= RING_DATA);
	/* What it logs are lines that begin with its name, and what comes next begins a line. */
	for (size_t i = 0; i < host_log_size; i++) {
		const char *end = memchr(host_log + i, '\n', host_log_size - i);

		if (host_log[i] == DOORBELL)
			continue;
		must(end && (!strncmp(host_log + i, "engine: ", 8) ||
			     !strncmp(host_log + i, "a selector is refused: ", 23)));
		i = (size_t)(end - host_log);
	}
}

static void set_up(void)
{
	root = host_guest();
	host_memory(RING_DATA / PAGE_SIZE + 600);
	root = page_alloc();
	guest_ram_ranges = 0;
	guest_ram_init(
		&(struct boot_info){.memory_entries = 2,
				    .memory = {{0, 0x9f800, MEMORY_RAM},
					       {0x100000, HOST_RAM_END - 0x100000, MEMORY_RAM}},
				    .own = HOST_OWN,
				    .own_size = HOST_OWN_END - HOST_OWN},
		root);
	ring_init();
	must(!space_init(root, QUOTA * PAGE_SIZE));
}

/* A few slots behind the hook, that make sense more often than not. */
static void take_selector(struct input *in, struct lvmon_hook *hook)
{
	struct lvmon_sel slot = {0};

	hook->selector_slots = (u32)take(in, 1) % 5;
	hook->selector = (const struct lvmon_sel *)(DATA + sizeof(*hook));
	for (u32 i = 0; i < hook->selector_slots; i++) {
		slot.op = (u8)(take(in, 1) % LVMON_SEL_OPS);
		slot.dst = slot.op >= LVMON_SEL_MOV ? LVMON_SEL_FREE : 0;
		slot.k = take(in, 1);
		(void)!domain_write((u64)(hook->selector + i), &slot, sizeof(slot));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u64 numbers[] = {1,
				      9,
				      10,
				      11,
				      13,
				      15,
				      158,
				      202,
				      228,
				      231,
				      318,
				      LVMON_MEM_READ,
				      LVMON_MEM_WRITE,
				      LVMON_REG_READ,
				      LVMON_REG_WRITE,
				      LVMON_MEM_SIZE,
				      LVMON_CPU_TIME,
				      LVMON_HOOK_ADD,
				      LVMON_HOOK_REMOVE,
				      LVMON_SET_TASK,
				      LVMON_EMIT,
				      LVMON_BLOB_STORE,
				      LVMON_LOG,
				      LVMON_NEXT_EVENT,
				      LVMON_CALL_END,
				      LVMON_PAUSE,
				      LVMON_RESUME,
				      LVMON_MEM_WRITE_PAUSED};
	static const u64 table[] = {
		DATA,		DATA_END, TEXT,	    SPACE_MMAP,	  SPACE_MMAP + SPACE_MMAP_SIZE,
		CODE,		CODE_GPA, HOST_OWN, HOST_OWN_END, HOST_RAM_END,
		PAGE_SIZE,	BIT(47),  0x24,	    0x1002,	  WINDOW_USER_BASE,
		SPACE_STACK_TOP};
	struct input in = input_of(data, size);
	u64 flags, last = 0, owned;
	u8 *code;

	if (!root)
		set_up();
	space_reset();
	memset(&domain, 0, sizeof(domain));
	hook_remove_all();
	ring->tail = ring->head = 0;
	must(!space_map(DATA, (DATA_END - DATA) / PAGE_SIZE, PROT_READ | PROT_WRITE));
	must(!space_map(TEXT, 1, PROT_READ | PROT_EXEC));
	memset(&cpu, 0, sizeof(cpu));
	flags = cpu.vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF;
	cpu.vcpu.regs[LVMON_RIP] = CODE;
	has_event = take(&in, 1) & 1;
	code = host_ram(CODE_GPA);
	memset(code, 0x90, PAGE_SIZE);
	wrote = false;
	while (input_left(&in)) {
		u8 op = (u8)take(&in, 1);
		u32 death = 99;
		u64 args[4];

		host_log_clear();
		if (op == 255) { /* the engine writes to its memory */
			u8 bytes[128], n = (u8)(take(&in, 1) % sizeof(bytes));
			u64 at = DATA + take(&in, 1) * 64;

			take_bytes(&in, bytes, n);
			(void)!domain_write(at, bytes, n);
			continue;
		}
		if (op == 254) { /* a hook as a good engine asks for it */
			struct lvmon_hook hook = {
				.kind = LVMON_HOOK_TRAP,
				.trap.gva = CODE + take(&in, 1),
				.trap.insn = {.length = 1, .kind = LVMON_INSN_NOP}};

			hook.trap.gpa = CODE_GPA + (hook.trap.gva - CODE);
			memset(hook.trap.insn.bytes, 0x90, 16);
			take_selector(&in, &hook);
			(void)!domain_write(DATA, &hook, sizeof(hook));
			continue;
		}
		for (int i = 0; i < 4; i++)
			args[i] = take_number(&in, table, ARRAY_SIZE(table));
		domain.frame = (struct exception_frame){
			.rax = op == 253 ? take(&in, 8) : numbers[op % ARRAY_SIZE(numbers)],
			.rdi = op & 0x80 ? last : args[0],
			.rsi = args[1],
			.rdx = args[2],
			.r10 = args[3]};
		wrote |= domain.frame.rax == LVMON_MEM_WRITE ||
			 domain.frame.rax == LVMON_MEM_WRITE_PAUSED;
		if (domain_waits_for_event()) {
			check(flags);
			continue;
		}
		if (domain_syscall(&death) == SYSCALL_DONE)
			last = domain.frame.rax;
		else
			must(death == LVMON_DEATH_EXIT || death == LVMON_DEATH_CALL);
		check(flags);
	}
	owned = look(phys_to_virt(space_root()), 4, 0);
	must(owned <= QUOTA);
	/* Nothing is left behind: of hooks in the guest, of pages here. */
	hook_remove_all();
	must(!any_traps());
	for (u64 i = 0; !wrote && i < PAGE_SIZE; i++)
		must(code[i] == 0x90);
	pages_at_start = pages_free();
	space_reset();
	must(pages_free() == pages_at_start + owned);
	must(!look(phys_to_virt(space_root()), 4, 0));
	return 0;
}

void fuzz_seeds(void)
{
	/* number; argument: how and bytes, four times. 2|i<<2 and two bytes: table[i] + n */
	static const u8 log_lines[] = {
		1, 255, 6, 0, 'h', 'e',	   'l', 'l', 'o', '\n', 0, 1 << 2, 2,	   0, 0, 6 << 2,
		0, 22,	2, 0, 0,   5 << 2, 0,	0,   20,  2,	0, 0,	   5 << 2, 0, 0};
	static const u8 memory[] = {
		1, 1,		0, 2 | 10 << 2, 0,	 0,   3 << 2, 0x22 << 2 | 0, 1,
		0, 1 | 14 << 2, 0, 3 << 2,	32 << 2, 143, 0,      2 | 10 << 2,   0,
		0, 0,		0, 2 | 3 << 2,	0,	 0,   3,      2 | 3 << 2,    0,
		0, 2 | 10 << 2, 0, 0,		0,	 0};
	static const u8 guest[] = {1,	       11, 2 | 6 << 2, 0,	    0,	  2, 0, 0,  16 << 2,
				   0,	       12, 2 | 6 << 2, 0,	    1,	  2, 0, 0,  16 << 2,
				   0,	       12, 2 | 7 << 2, 0xff,	    0xff, 2, 0, 0,  2 << 2,
				   0,	       14, 17 << 2,    1 | 63 << 2, 0xff, 0, 0, 14, 16 << 2,
				   2 | 5 << 2, 4,  0,	       0,	    0};
	static const u8 hooks[] = {1, 254, 0, 0, 17, 2, 0,   0, 0, 0, 0, 254, 7, 2, 14, 9, 0, 1, 17,
				   2, 0,   0, 0, 0,  0, 158, 0, 0, 0, 0, 19,  2, 0, 1,	0, 0, 0};

	fuzz_seed(log_lines, sizeof(log_lines));
	fuzz_seed(memory, sizeof(memory));
	fuzz_seed(guest, sizeof(guest));
	/* hold, write, release, write */
	static const u8 writes[] = {1, 25, 0, 0, 0, 0, 27, 2 | 6 << 2, 2 | 0 << 2, 0, 0, 8 << 2,
				    0, 26, 0, 0, 0, 0, 27, 2 | 6 << 2, 2 | 0 << 2, 0, 0, 8 << 2,
				    0};

	fuzz_seed(hooks, sizeof(hooks));
	fuzz_seed(writes, sizeof(writes));
}
