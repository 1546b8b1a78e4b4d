// SPDX-License-Identifier: Apache-2.0
/* The engine's calls to the vmm: every argument may be anything. */
#include "tests/unit/vmm_host.h"
#include "vmm/cpu.h"
#include "vmm/domain/domain.h"
#include "vmm/guest/ram.h"
#include "vmm/monitor/internal.h"
#include "vmm/ring.h"
#include "vmm/smp.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"

#define USER 0x10000ull /* where the domain's memory seems to be */

static u8 memory[3 * 4096];
static struct vcpu vcpu, *current;

static u8 *user(u64 at, u64 size)
{
	return at >= USER && size <= sizeof(memory) && at - USER <= sizeof(memory) - size
		       ? memory + (at - USER)
		       : NULL;
}

int domain_read(void *to, u64 from, u64 size)
{
	if (!user(from, size))
		return -EFAULT;
	memcpy(to, user(from, size), size);
	return 0;
}

int domain_write(u64 to, const void *from, u64 size)
{
	if (!user(to, size))
		return -EFAULT;
	memcpy(user(to, size), from, size);
	return 0;
}

int domain_store_blob(u64 from, u64 size)
{
	return from == USER && size == 5 ? 0 : -ENOMEM;
}

int ring_write(u32 source, const void *text, u64 size, u64 flags)
{
	assert_true(flags & RING_USER);
	assert_int_equal(source, RECORD_ENGINE);
	return (u64)text == USER && size == 6 ? 0 : -EFAULT;
}

/* The ring: read up after so many looks. */
static u32 looks, given_ms, longer_ms, left_ms, wakes;
static bool by_port;
static u64 now;

bool ring_read_up(void)
{
	return !looks || !--looks;
}

void ring_wake_reader(void)
{
	wakes++;
}

bool ring_by_port(void)
{
	return by_port;
}

u64 time_ns(void)
{
	return now += 1000000;
}

void domain_more_time(u32 spent_ms, u32 ms)
{
	given_ms = ms;
	left_ms -= spent_ms + ms;
}

u32 domain_time_left(void)
{
	return left_ms;
}

void pause_more(s64 ms)
{
	longer_ms += ms;
}

u64 tsc_to_ns(u64 tsc)
{
	return tsc;
}

static u32 pauses, resumes, kept;
static bool paused;

bool pause_keep(void)
{
	kept += paused;
	return paused;
}

void pause_unkeep(void)
{
	assert_true(paused);
	kept--;
}

int pause_others(void)
{
	return pauses++ ? -EBUSY : 0;
}

int pause_end(void)
{
	return resumes++ ? -ETIME : 0;
}

struct vcpu *event_vcpu(void)
{
	return current;
}

int vcpu_read_reg(struct vcpu *v, enum lvmon_reg reg, u64 *value)
{
	*value = v->regs[reg % LVMON_NR_EVENT_REGS];
	return 0;
}

static s64 call(u64 number, u64 a, u64 b, u64 c)
{
	const u64 args[6] = {a, b, c};

	return monitor_call(number, args);
}

static void fresh(void)
{
	struct vcpu_paging paging;

	host_guest();
	host_vcpu(&vcpu, &paging, host_guest_root());
	current = &vcpu;
	memset(memory, 0, sizeof(memory));
	host_log_clear();
}

static void reads(void **state)
{
	fresh();
	memcpy(host_ram(0x100ffc), "over pages", 10);
	assert_int_equal(call(LVMON_MEM_READ, 0x100ffc, USER + 3, 10), 0);
	assert_memory_equal(memory + 3, "over pages", 10);
	assert_int_equal(call(LVMON_MEM_READ, 0x100000, USER, sizeof(memory)), 0);
	assert_int_equal(call(LVMON_MEM_READ, 0x100000, USER + 1, sizeof(memory)), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, HOST_OWN - 4, USER, 4), 0);
	assert_int_equal(call(LVMON_MEM_READ, HOST_OWN - 4, USER, 5), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, HOST_OWN, USER, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, 0x100000, USER, UINT64_MAX), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, UINT64_MAX, USER, 2), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, 0x100000, 0, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_READ, HOST_OWN, 0, 0), 0);
	assert_int_equal(call(LVMON_MEM_SIZE, 0, 0, 0), guest_ram_size());
}

static void writes(void **state)
{
	fresh();
	memcpy(memory, "written", 7);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100ff9, USER, 7), 0);
	assert_memory_equal(host_ram(0x100ff9), "written", 7);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100ffa, USER, 7), -EINVAL);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100000, USER, 4096), 0);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100000, USER, 4097), -EINVAL);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100000, USER, UINT64_MAX), -EINVAL);
	assert_int_equal(call(LVMON_MEM_WRITE, HOST_OWN, USER, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE, HOST_RAM_END, USER, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE, 0xfee00000, USER, 4), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE, 0x100000, USER - 1, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE, HOST_OWN, 0, 0), 0);
}

/* Only while the other CPUs are held, and then they stay so until the bytes are there. */
static void writes_while_held(void **state)
{
	fresh();
	memcpy(memory, "written", 7);
	paused = false;
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, 0x100ff9, USER, 7), -ETIME);
	assert_memory_equal(host_ram(0x100ff9), "\0\0\0\0\0\0", 7);
	paused = true;
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, 0x100ff9, USER, 7), 0);
	assert_memory_equal(host_ram(0x100ff9), "written", 7);
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, 0x100ffa, USER, 7), -EINVAL);
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, HOST_OWN, USER, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, 0x100000, USER - 1, 1), -EFAULT);
	assert_int_equal(call(LVMON_MEM_WRITE_PAUSED, 0x100000, USER, UINT64_MAX), -EINVAL);
	assert_int_equal(kept, 0);
}

static void registers(void **state)
{
	u64 value;

	fresh();
	for (u64 reg = 0; reg <= LVMON_R15; reg++) {
		assert_int_equal(call(LVMON_REG_WRITE, reg, reg * 3 + 1, 0), 0);
		assert_int_equal(call(LVMON_REG_READ, reg, USER, 0), 0);
		memcpy(&value, memory, 8);
		assert_int_equal(value, reg * 3 + 1);
	}
	for (u64 reg = LVMON_NR_EVENT_REGS; reg < LVMON_NR_REGS; reg++)
		assert_int_equal(call(LVMON_REG_WRITE, reg, 0, 0), -EPERM);
	assert_int_equal(call(LVMON_REG_WRITE, LVMON_NR_REGS, 0, 0), -EINVAL);
	assert_int_equal(call(LVMON_REG_WRITE, UINT64_MAX, 0, 0), -EINVAL);
	assert_int_equal(call(LVMON_REG_READ, LVMON_NR_REGS, USER, 0), -EINVAL);
	assert_int_equal(call(LVMON_REG_READ, 1ull << 32, USER, 0), -EINVAL);
	assert_int_equal(call(LVMON_REG_READ, LVMON_RAX, 0, 0), -EFAULT);
	current = NULL; /* between events */
	assert_int_equal(call(LVMON_REG_READ, LVMON_RAX, USER, 0), -EINVAL);
	assert_int_equal(call(LVMON_REG_WRITE, LVMON_RAX, 1, 0), -EINVAL);
}

static void flags(void **state)
{
	const u64 harmless = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;

	fresh();
	vcpu.regs[LVMON_RFLAGS] = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_ZF;
	assert_int_equal(call(LVMON_REG_WRITE, LVMON_RFLAGS, UINT64_MAX, 0), 0);
	assert_int_equal(vcpu.regs[LVMON_RFLAGS], RFLAGS_FIXED | RFLAGS_IF | harmless);
	assert_int_equal(call(LVMON_REG_WRITE, LVMON_RFLAGS, 0, 0), 0);
	assert_int_equal(vcpu.regs[LVMON_RFLAGS], RFLAGS_FIXED | RFLAGS_IF);
}

/* With such a RIP, a CPU with VT-x refuses to enter the guest. */
static void rip(void **state)
{
	static const u64 bad[] = {0x800000000000, 0x8000000000000000, 0xffff7fffffffffff,
				  0x00ff800000000000};

	fresh();
	assert_int_equal(call(LVMON_REG_WRITE, LVMON_RIP, 0xffffffff81000000, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(call(LVMON_REG_WRITE, LVMON_RIP, bad[i], 0), -EINVAL);
	assert_int_equal(vcpu.regs[LVMON_RIP], 0xffffffff81000000);
}

static void hooks_and_task(void **state)
{
	struct lvmon_hook hook = {
		.kind = LVMON_HOOK_TRAP,
		.trap.gva = 0xffffffff81000000,
		.trap.gpa = 0x400000,
		.trap.insn = {.length = 1, .kind = LVMON_INSN_NOP, .bytes = {0x90}}};
	s64 id;

	fresh();
	*(u8 *)host_ram(0x400000) = 0x90;
	memcpy(memory, &hook, sizeof(hook));
	id = call(LVMON_HOOK_ADD, USER, 0, 0);
	assert_true(id > 0);
	assert_int_equal(call(LVMON_HOOK_REMOVE, (u64)id, 0, 0), 0);
	assert_int_equal(call(LVMON_HOOK_REMOVE, (u64)id, 0, 0), -ENOENT);
	assert_int_equal(call(LVMON_HOOK_ADD, 0, 0, 0), -EFAULT);
	assert_int_equal(call(LVMON_HOOK_ADD, USER + sizeof(memory) - sizeof(hook) + 1, 0, 0),
			 -EFAULT);
	assert_int_equal(call(LVMON_SET_TASK, 0, 0, 0), -EFAULT);
	memcpy(memory, &(struct lvmon_task){0x1000, 0xffff888000000000}, 16);
	assert_int_equal(call(LVMON_SET_TASK, USER, 0, 0), 0);
	memset(memory, 0, sizeof(memory));
	assert_int_equal(call(LVMON_SET_TASK, USER, 0, 0), -EINVAL);
	memset(memory, 0xff, sizeof(memory));
	assert_int_equal(call(LVMON_HOOK_ADD, USER, 0, 0), -EINVAL);
}

/* A program is copied before it is looked at; why it is refused is on the log. */
static void hooks_with_selectors(void **state)
{
	struct lvmon_hook hook = {
		.kind = LVMON_HOOK_TRAP,
		.selector = (const struct lvmon_sel *)(USER + sizeof(hook)),
		.selector_slots = 1,
		.trap.gva = 0xffffffff81000000,
		.trap.gpa = 0x400000,
		.trap.insn = {.length = 1, .kind = LVMON_INSN_NOP, .bytes = {0x90}}};
	struct lvmon_sel *program = (struct lvmon_sel *)(memory + sizeof(hook));

	fresh();
	*(u8 *)host_ram(0x400000) = 0x90;
	memcpy(memory, &hook, sizeof(hook));
	*program = (struct lvmon_sel){.op = LVMON_SEL_RET, .k = 1};
	assert_true(call(LVMON_HOOK_ADD, USER, 0, 0) > 0);
	program->src = 9;
	host_log_clear();
	assert_int_equal(call(LVMON_HOOK_ADD, USER, 0, 0), -EINVAL);
	assert_string_equal(host_log, "a selector is refused: slot 0: src has no value yet\n");
	hook.selector_slots = LVMON_SEL_LENGTH + 1;
	memcpy(memory, &hook, sizeof(hook));
	assert_int_equal(call(LVMON_HOOK_ADD, USER, 0, 0), -EINVAL);
	hook.selector_slots = 2;
	hook.selector = (const struct lvmon_sel *)(USER + sizeof(memory) - sizeof(*program));
	memcpy(memory, &hook, sizeof(hook));
	assert_int_equal(call(LVMON_HOOK_ADD, USER, 0, 0), -EFAULT);
	hook.selector = NULL;
	memcpy(memory, &hook, sizeof(hook));
	assert_int_equal(call(LVMON_HOOK_ADD, USER, 0, 0), -EFAULT);
	hook_remove_all();
}

/* Registers to watch: what the vmm keeps is refused, and each change reaches the other CPUs. */

static u32 rewatched, watched;
static bool no_tables;

void smp_rewatch(const struct cpu *self)
{
	rewatched++;
}

struct cpu *this_cpu(void)
{
	static struct cpu cpu;

	cpu.vcpu.cpu = &cpu;
	return &cpu;
}

void register_written(struct vcpu *v, const struct register_write *write)
{
	abort();
}

static u64 watched_msrs;

static void watch_msr(struct vcpu *v, u32 msr, bool on)
{
	assert_int_equal(msr, 0x176);
	watched_msrs = on;
}

static int watch(struct vcpu *v, u32 which)
{
	watched = which;
	return no_tables && (which & 1u << LVMON_WATCH_IDTR) ? -ENODEV : 0;
}

static s64 add_register(u32 which, u32 msr)
{
	struct lvmon_hook hook = {.kind = LVMON_HOOK_REGISTER, .reg = {which, msr}};

	memcpy(memory, &hook, sizeof(hook));
	return call(LVMON_HOOK_ADD, USER, 0, 0);
}

static void watched_registers(void **state)
{
	static const struct lvmon_register bad[] = {
		{0, 0}, {LVMON_WATCH_END, 0}, {UINT32_MAX, 0}, {LVMON_WATCH_CR0, 1}};
	static const u32 refused[] = {0x1b,   0x830,	 MSR_DEBUGCTL, MSR_TSC_DEADLINE,
				      0x2000, 0xc0010114};
	const struct vcpu_ops ops = {.watch_msr = watch_msr, .watch = watch}, *before = vcpu_ops;
	s64 msr, second, control;

	fresh();
	vcpu_ops = &ops;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(add_register(bad[i].which, bad[i].msr), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(add_register(LVMON_WATCH_MSR, refused[i]), -EPERM);
	assert_int_equal(rewatched, 0);
	msr = add_register(LVMON_WATCH_MSR, 0x176);
	assert_true(msr > 0 && rewatched == 1 && watched_msrs);
	second = add_register(LVMON_WATCH_MSR, 0x176);
	control = add_register(LVMON_WATCH_CR4, 0);
	assert_true(second > 0 && control > 0 && watched == 1u << LVMON_WATCH_CR4);
	assert_true(monitor_watches(LVMON_WATCH_MSR, 0x176) &&
		    !monitor_watches(LVMON_WATCH_CR0, 0));
	/* EFER exits anyway on AMD: nothing is changed for it. */
	assert_true(add_register(LVMON_WATCH_MSR, MSR_EFER) > 0);
	no_tables = true;
	assert_int_equal(add_register(LVMON_WATCH_IDTR, 0), -ENODEV);
	assert_int_equal(watched, 1u << LVMON_WATCH_CR4);
	assert_int_equal(call(LVMON_HOOK_REMOVE, (u64)msr, 0, 0), 0);
	assert_true(watched_msrs); /* the second one is there */
	assert_int_equal(call(LVMON_HOOK_REMOVE, (u64)second, 0, 0), 0);
	assert_false(watched_msrs);
	rewatched = 0;
	assert_int_equal(call(LVMON_HOOK_REMOVE, (u64)control, 0, 0), 0);
	assert_true(rewatched == 1 && !watched);
	hook_remove_all();
	assert_false(monitor_watches(LVMON_WATCH_MSR, MSR_EFER));
	vcpu_ops = before;
}

static void texts(void **state)
{
	fresh();
	memset(memory, 'x', 100);
	assert_int_equal(call(LVMON_LOG, USER, 100, 0), 0);
	assert_int_equal(host_log_size, 8 + 100 + 1);
	assert_memory_equal(host_log, "engine: xxxx", 12);
	assert_int_equal(call(LVMON_LOG, USER, 1ull << 40, 0), -EINVAL);
	/* Half a line would swallow the beginning of the next, which may be an event. */
	host_log_clear();
	assert_int_equal(call(LVMON_LOG, 0, 10, 0), -EFAULT);
	assert_string_equal(host_log, "engine: \n");
	host_log_clear();
	assert_int_equal(call(LVMON_LOG, USER + sizeof(memory) - 70, 100, 0), -EFAULT);
	assert_int_equal(host_log[host_log_size - 1], '\n');
	/* And a second one could say "fatal: ". */
	memcpy(memory, "a\nfatal: b", 10);
	host_log_clear();
	assert_int_equal(call(LVMON_LOG, USER, 10, 0), 0);
	assert_string_equal(host_log, "engine: a fatal: b\n");
	assert_int_equal(call(LVMON_EMIT, USER, 6, 0), 0);
	assert_int_equal(call(LVMON_EMIT, 0, 6, 0), -EFAULT);
	assert_int_equal(call(LVMON_BLOB_STORE, USER, 5, 0), 0);
	assert_int_equal(call(LVMON_BLOB_STORE, USER, UINT64_MAX, 0), -ENOMEM);
}

static void hold_and_release(void **state)
{
	fresh();
	assert_int_equal(call(LVMON_PAUSE, 0, 0, 0), 0);
	assert_int_equal(call(LVMON_PAUSE, 1, 2, 3), -EBUSY);
	assert_int_equal(call(LVMON_RESUME, 0, 0, 0), 0);
	assert_int_equal(call(LVMON_RESUME, UINT64_MAX, 0, 0), -ETIME);
	assert_int_equal(pauses, 2);
	assert_int_equal(resumes, 2);
}

static void draining(void **state)
{
	fresh();
	by_port = false;
	looks = given_ms = longer_ms = 0;
	left_ms = LVMON_DRAIN_MS_MAX;
	assert_int_equal(call(LVMON_DRAIN, 0, 500, 0), 0);
	assert_int_equal(given_ms, 500);
	looks = 7;
	assert_int_equal(call(LVMON_DRAIN, 1000, 200, 0), 0);
	assert_int_equal(given_ms, 200);
	assert_int_equal(longer_ms, 500 + 200 + 6); /* what was waited, not what was offered */
	assert_int_equal(wakes, 1);
	/* Nobody reads. The engine gets its time all the same, to say so. */
	looks = UINT32_MAX;
	assert_int_equal(call(LVMON_DRAIN, 10, 300, 0), -ETIMEDOUT);
	assert_int_equal(given_ms, 300);
	assert_int_equal(call(LVMON_DRAIN, LVMON_DRAIN_MS_MAX + 1, 0, 0), -EINVAL);
	assert_int_equal(call(LVMON_DRAIN, UINT64_MAX, 0, 0), -EINVAL);
	assert_int_equal(call(LVMON_DRAIN, 0, 1ull << 32, 0), -EINVAL);
	assert_int_equal(call(LVMON_DRAIN, 10, LVMON_DRAIN_MS_MAX, 0), -EINVAL);
	left_ms = 500;
	assert_int_equal(call(LVMON_DRAIN, 401, 100, 0), -EINVAL);
	assert_int_equal(given_ms, 300);
	by_port = true;
	assert_int_equal(call(LVMON_DRAIN, 10, 100, 0), 1);
	by_port = false;
}

static void unknown(void **state)
{
	fresh();
	assert_int_equal(call(LVMON_NEXT_EVENT, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(LVMON_CALL_END, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(0, 0, 0, 0), -ENOSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(writes),
		cmocka_unit_test(writes_while_held),
		cmocka_unit_test(registers),
		cmocka_unit_test(flags),
		cmocka_unit_test(rip),
		cmocka_unit_test(hooks_and_task),
		cmocka_unit_test(hooks_with_selectors),
		cmocka_unit_test(watched_registers),
		cmocka_unit_test(texts),
		cmocka_unit_test(unknown),
		cmocka_unit_test(hold_and_release),
		cmocka_unit_test(draining),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
