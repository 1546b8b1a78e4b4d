/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protection domain as the engine's backend: each operation is one call of lvmon.h into the
 * vmm. Nothing is checked here: the vmm validates every argument.
 */
#include <errno.h>
#include <sys/auxv.h>
#include "engine/backend.h"

/* As a Linux system call (AMD64 psABI, A.2.1). */
static inline int64_t call3(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
	int64_t ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return ret;
}

static int domain_next_event(const struct lvmon_verdict *verdict, struct lvmon_event *event)
{
	int64_t ret;

	/* The guest ran: the vector registers are not kept over this one. */
	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"((uint64_t)LVMON_NEXT_EVENT), "D"(verdict), "S"(event)
		     : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
		       "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		       "xmm15");
	return (int)ret;
}

static int domain_mem_write(gpa_t gpa, const void *buf, size_t size)
{
	return (int)call3(LVMON_MEM_WRITE, gpa, (uintptr_t)buf, size);
}

static int domain_mem_write_paused(gpa_t gpa, const void *buf, size_t size)
{
	return (int)call3(LVMON_MEM_WRITE_PAUSED, gpa, (uintptr_t)buf, size);
}

static int domain_reg_read(enum lvmon_reg reg, uint64_t *value)
{
	return (int)call3(LVMON_REG_READ, reg, (uintptr_t)value, 0);
}

static int domain_reg_write(enum lvmon_reg reg, uint64_t value)
{
	return (int)call3(LVMON_REG_WRITE, reg, value, 0);
}

static uint64_t domain_mem_size(void)
{
	return (uint64_t)call3(LVMON_MEM_SIZE, 0, 0, 0);
}

static uint64_t domain_cpu_time(void)
{
	uint64_t ns = 0;

	return call3(LVMON_CPU_TIME, (uintptr_t)&ns, 0, 0) ? 0 : ns;
}

static int domain_hook_add(const struct lvmon_hook *hook)
{
	return (int)call3(LVMON_HOOK_ADD, (uintptr_t)hook, 0, 0);
}

static int domain_hook_remove(uint32_t id)
{
	return (int)call3(LVMON_HOOK_REMOVE, id, 0, 0);
}

static int domain_set_task(const struct lvmon_task *task)
{
	return (int)call3(LVMON_SET_TASK, (uintptr_t)task, 0, 0);
}

static int domain_emit(const char *json, size_t size, bool bulk)
{
	return (int)call3(LVMON_EMIT, (uintptr_t)json, size, bulk);
}

static int domain_blob_store(const void *blob, size_t size)
{
	return (int)call3(LVMON_BLOB_STORE, (uintptr_t)blob, size, 0);
}

static int domain_log(const char *text, size_t size)
{
	return (int)call3(LVMON_LOG, (uintptr_t)text, size, 0);
}

static int domain_pause(void)
{
	return (int)call3(LVMON_PAUSE, 0, 0, 0);
}

static int domain_resume(void)
{
	return (int)call3(LVMON_RESUME, 0, 0, 0);
}

static int domain_drain(uint32_t wait_ms, uint32_t more_ms)
{
	return (int)call3(LVMON_DRAIN, wait_ms, more_ms, 0);
}

static struct backend domain = {
	.next_event = domain_next_event,
	.mem_write = domain_mem_write,
	.mem_write_paused = domain_mem_write_paused,
	.reg_read = domain_reg_read,
	.reg_write = domain_reg_write,
	.mem_size = domain_mem_size,
	.cpu_time = domain_cpu_time,
	.hook_add = domain_hook_add,
	.hook_remove = domain_hook_remove,
	.set_task = domain_set_task,
	.emit = domain_emit,
	.blob_store = domain_blob_store,
	.log = domain_log,
	.pause = domain_pause,
	.resume = domain_resume,
	.drain = domain_drain,
};

const struct backend *backend_domain(const struct lvmon_start **start)
{
	const struct lvmon_start *s = (const void *)getauxval(LVMON_AT_START);

	if (!s)
		return NULL;
	*start = s;
	domain.window = s->window;
	domain.ram = s->ram;
	domain.ram_ranges = s->ram_ranges <= LVMON_MAX_RAM_RANGES ? s->ram_ranges : 0;
	return &domain;
}
