// SPDX-License-Identifier: Apache-2.0
/* The domain's system calls: what an engine that has gone bad can ask for. */
#include "tests/unit/vmm_host.h"
#include "vmm/domain/domain.h"
#include "vmm/domain/internal.h"
#include "vmm/domain/space.h"
#include "vmm/memory.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"

#define USER 0x10000ull /* where the domain's memory seems to be */

/* What syscall.c needs of its neighbours. */

struct domain domain;

static u8 memory[8192];
static u64 read_bytes;
static u64 monitor_number, monitor_args[6];

static u8 *user(u64 at, u64 size)
{
	return at >= USER && size <= sizeof(memory) && at - USER <= sizeof(memory) - size
		       ? memory + (at - USER)
		       : NULL;
}

int domain_read(void *to, u64 from, u64 size)
{
	read_bytes += size;
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

s64 monitor_call(u64 number, const u64 args[6])
{
	monitor_number = number;
	memcpy(monitor_args, args, sizeof(monitor_args));
	return 77;
}

void fpu_restore_domain(void)
{
}

u64 time_ns(void)
{
	return 12345678901;
}

u64 domain_cpu_ns(void)
{
	return 5000000006;
}

u64 time_wall_ns(void)
{
	return 1700000000000000042;
}

static s64 call(u64 number, u64 a, u64 b, u64 c)
{
	u32 death = 99;

	domain.frame = (struct exception_frame){
		.rax = number, .rdi = a, .rsi = b, .rdx = c, .r10 = 0x22, .r8 = 5, .r9 = 6};
	assert_int_equal(domain_syscall(&death), SYSCALL_DONE);
	return (s64)domain.frame.rax;
}

static int set_up(void **state)
{
	host_memory(64);
	memset(&domain, 0, sizeof(domain));
	memset(memory, 0, sizeof(memory));
	read_bytes = 0;
	monitor_number = 0;
	host_log_clear();
	return space_init(page_alloc(), 16 * PAGE_SIZE);
}

static void unknown_calls(void **state)
{
	static const u64 known[] = {1, 9, 10, 11, 13, 15, 158, 202, 228, 231, 318};

	for (u64 n = 0; n < 600; n++) {
		bool is_known = false;

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			is_known |= known[i] == n;
		if (!is_known)
			assert_int_equal(call(n, 0, 0, 0), -ENOSYS);
	}
	assert_int_equal(call(LVMON_CALL_END, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(UINT64_MAX, 0, 0, 0), -ENOSYS);
	assert_int_equal(call((u64)LVMON_LOG | 1ull << 32, 0, 0, 0), -ENOSYS);
	assert_int_equal(monitor_number, 0);
}

static void monitor_calls(void **state)
{
	assert_int_equal(call(LVMON_MEM_READ, 1, 2, 3), 77);
	assert_int_equal(monitor_number, LVMON_MEM_READ);
	for (u64 i = 0; i < 3; i++)
		assert_int_equal(monitor_args[i], i + 1);
	assert_int_equal(monitor_args[3], 0x22);
}

static void next_event(void **state)
{
	domain.frame =
		(struct exception_frame){.rax = LVMON_NEXT_EVENT, .rdi = 0x111, .rsi = 0x222};
	assert_true(domain_waits_for_event());
	assert_int_equal(domain.verdict_ptr, 0x111);
	assert_int_equal(domain.event_ptr, 0x222);
}

static void deaths(void **state)
{
	u32 death = 0;

	domain.frame = (struct exception_frame){.rax = 231};
	assert_int_equal(domain_syscall(&death), SYSCALL_DIES);
	assert_int_equal(death, LVMON_DEATH_EXIT);
	/* a return from no signal */
	domain.frame = (struct exception_frame){.rax = 15};
	assert_int_equal(domain_syscall(&death), SYSCALL_DIES);
	assert_int_equal(death, LVMON_DEATH_CALL);
}

static void signal_handler(void **state)
{
	const u64 good[] = {0x401000, 0, 0x402000, 0};

	memcpy(memory, good, sizeof(good));
	assert_int_equal(call(13, 11, USER, 0), -EINVAL); /* SIGSEGV */
	assert_int_equal(call(13, 24, 1, 0), -EFAULT);
	assert_int_equal(call(13, 24, 0, 0), 0);
	assert_int_equal(domain.signal_handler, 0);
	assert_int_equal(call(13, 24, USER, 0), 0);
	assert_int_equal(domain.signal_handler, 0x401000);
	assert_int_equal(domain.signal_restorer, 0x402000);
}

/* IRETQ to an address that is not canonical faults in ring 0. */
static void signal_handler_that_is_no_address(void **state)
{
	static const u64 bad[] = {1ull << 47, 0x8000000000000000, 0xffff800000000000, UINT64_MAX};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 action[4] = {bad[i]};

		memcpy(memory, action, sizeof(action));
		assert_int_equal(call(13, 24, USER, 0), -EFAULT);
		assert_int_equal(domain.signal_handler, 0);
	}
}

static void signal_return(void **state)
{
	u32 death;

	domain.in_signal = true;
	domain.interrupted.rip = 0x1234;
	domain.frame = (struct exception_frame){.rax = 15};
	assert_int_equal(domain_syscall(&death), SYSCALL_DONE);
	assert_int_equal(domain.frame.rip, 0x1234);
	assert_false(domain.in_signal);
}

static void writes(void **state)
{
	memcpy(memory, "one\ntwo\nthr", 11);
	assert_int_equal(call(1, 1, USER, 11), 11);
	assert_string_equal(host_log, "engine: one\nengine: two\n");
	memcpy(memory, "ee\n", 3);
	assert_int_equal(call(1, 2, USER, 3), 3);
	assert_string_equal(host_log, "engine: one\nengine: two\nengine: three\n");
	assert_int_equal(call(1, 0, USER, 3), -EINVAL);
	assert_int_equal(call(1, 1, 5, 3), -EFAULT);
	host_log_clear();
	memset(memory, 'x', 500);
	memory[500] = '\n';
	assert_int_equal(call(1, 1, USER, 501), 501);
	assert_int_equal(host_log_size, 500 + 3 * 9);
}

/* The vmm's time is not the domain's: one call must be short. */
static void write_of_all_guest_memory(void **state)
{
	s64 written = call(1, 1, USER, 1ull << 40);

	assert_true(written == -EFAULT || (written > 0 && written <= 4096));
	assert_true(read_bytes <= 4096);
	host_log_clear();
	assert_true(call(318, USER, 1ull << 40, 0) <= 256);
}

static void maps(void **state)
{
	s64 va = call(9, 0, 8192, 3);

	assert_true(va > 0);
	assert_non_null(space_page((u64)va + PAGE_SIZE));
	assert_int_equal(call(10, (u64)va, 4096, 1), 0);
	assert_int_equal(call(10, (u64)va, 4096, 8), -EINVAL);
	assert_int_equal(call(10, (u64)va, 4096, 7), -EINVAL);
	assert_int_equal(call(9, 0, 4096, 8), -EINVAL);
	assert_int_equal(call(9, 0, 4096, 7), -EINVAL);
	assert_int_equal(call(11, (u64)va, 8192, 0), 0);
	assert_null(space_page((u64)va));
}

static void maps_of_other_kinds(void **state)
{
	static const u64 flags[] = {0x02, 0x32, 0};
	u32 death;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) { /* of a file, at a fixed place */
		domain.frame =
			(struct exception_frame){.rax = 9, .rsi = 4096, .rdx = 3, .r10 = flags[i]};
		assert_int_equal(domain_syscall(&death), SYSCALL_DONE);
		assert_int_equal((s64)domain.frame.rax, -EINVAL);
	}
}

static void thread_pointer(void **state)
{
	assert_int_equal(call(158, 0x1002, 0x4c0000, 0), 0);
	assert_int_equal(domain.fs_base, 0x4c0000);
	assert_int_equal(host_msr(MSR_FS_BASE), 0x4c0000);
	assert_int_equal(call(158, 0x1002, 1ull << 47, 0), -EPERM);
	assert_int_equal(call(158, 0x1002, UINT64_MAX, 0), -EPERM);
	assert_int_equal(call(158, 0x1001, 0x4c0000, 0), -EINVAL); /* GS */
	assert_int_equal(host_msr(MSR_FS_BASE), 0x4c0000);
}

static void clocks(void **state)
{
	u64 now[2];

	assert_int_equal(call(228, 0, USER, 0), 0);
	memcpy(now, memory, sizeof(now));
	assert_int_equal(now[0], 1700000000);
	assert_int_equal(now[1], 42);
	assert_int_equal(call(228, 1, USER, 0), 0);
	memcpy(now, memory, sizeof(now));
	assert_int_equal(now[0], 12);
	assert_int_equal(now[1], 345678901);
	for (u64 clock = 2; clock <= 3; clock++) { /* time of the CPU */
		assert_int_equal(call(228, clock, USER, 0), 0);
		memcpy(now, memory, sizeof(now));
		assert_int_equal(now[0], 5);
		assert_int_equal(now[1], 6);
	}
	assert_int_equal(call(228, 1, 0, 0), -EFAULT);
}

static void random_numbers(void **state)
{
	u8 first[32];

	assert_int_equal(call(318, USER, 27, 0), 27);
	assert_int_equal(memory[27], 0);
	memcpy(first, memory, sizeof(first));
	assert_int_equal(call(318, USER, 27, 0), 27);
	assert_memory_not_equal(first, memory, 27);
	assert_int_equal(call(318, USER + sizeof(memory) - 4, 8, 0), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(unknown_calls, set_up),
		cmocka_unit_test_setup(monitor_calls, set_up),
		cmocka_unit_test_setup(next_event, set_up),
		cmocka_unit_test_setup(deaths, set_up),
		cmocka_unit_test_setup(signal_handler, set_up),
		cmocka_unit_test_setup(signal_handler_that_is_no_address, set_up),
		cmocka_unit_test_setup(signal_return, set_up),
		cmocka_unit_test_setup(writes, set_up),
		cmocka_unit_test_setup(write_of_all_guest_memory, set_up),
		cmocka_unit_test_setup(maps, set_up),
		cmocka_unit_test_setup(maps_of_other_kinds, set_up),
		cmocka_unit_test_setup(thread_pointer, set_up),
		cmocka_unit_test_setup(clocks, set_up),
		cmocka_unit_test_setup(random_numbers, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
