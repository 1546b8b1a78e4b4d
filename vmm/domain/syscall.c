/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subset of Linux's system calls that a static glibc program needs to live (numbers: Linux,
 * arch/x86/entry/syscalls/syscall_64.tbl), and the way to the LVMON_* calls. All others are
 * -ENOSYS.
 */
#include "vmm/domain/domain.h"
#include "vmm/domain/internal.h"
#include "vmm/domain/space.h"
#include "vmm/log.h"
#include "vmm/time.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/fpu.h"

enum {
	SYS_WRITE = 1,
	SYS_MMAP = 9,
	SYS_MPROTECT = 10,
	SYS_MUNMAP = 11,
	SYS_RT_SIGACTION = 13,
	SYS_RT_SIGRETURN = 15,
	SYS_ARCH_PRCTL = 158,
	SYS_FUTEX = 202,
	SYS_CLOCK_GETTIME = 228,
	SYS_EXIT_GROUP = 231,
	SYS_GETRANDOM = 318,
};

#define MAP_FIXED	  0x10u
#define MAP_ANONYMOUS	  0x20u
#define ARCH_SET_FS	  0x1002u
#define SIGXCPU		  24u
#define CLOCK_REALTIME	  0u
#define CLOCK_PROCESS_CPU 2u
#define CLOCK_THREAD_CPU  3u
#define WRITE_MAX	  4096u /* of one call: no timer ends the vmm's own work */
#define CPUID1_ECX_RDRAND BIT(30)

static s64 sys_write(u64 fd, u64 from, u64 size)
{
	char part[64];

	if (fd != 1 && fd != 2)
		return -EINVAL;
	if (size > WRITE_MAX)
		size = WRITE_MAX;
	for (u64 done = 0; done < size;) {
		u64 n = size - done < sizeof(part) ? size - done : sizeof(part);

		if (domain_read(part, from + done, n))
			return -EFAULT;
		for (u64 i = 0; i < n; i++) {
			if (part[i] != '\n')
				domain.log_text[domain.log_length++] = part[i];
			if (part[i] == '\n' || domain.log_length == sizeof(domain.log_text)) {
				log_begin();
				log_raw("engine: ", 8);
				log_raw(domain.log_text, domain.log_length);
				log_byte('\n');
				log_end();
				domain.log_length = 0;
			}
		}
		done += n;
	}
	return (s64)size;
}

static s64 sys_mmap(u64 size, u64 prot, u64 flags)
{
	if (!(flags & MAP_ANONYMOUS) || (flags & MAP_FIXED) ||
	    prot > (PROT_READ | PROT_WRITE | PROT_EXEC))
		return -EINVAL;
	return space_mmap(size, (u32)prot);
}

static s64 sys_arch_prctl(u64 code, u64 address)
{
	if (code != ARCH_SET_FS)
		return -EINVAL;
	if (address >> 47)
		return -EPERM;
	domain.fs_base = address;
	wrmsr(MSR_FS_BASE, address);
	return 0;
}

static s64 sys_clock_gettime(u64 clock, u64 to)
{
	u64 ns = clock == CLOCK_REALTIME      ? time_wall_ns()
		 : clock == CLOCK_PROCESS_CPU ? domain_cpu_ns()
		 : clock == CLOCK_THREAD_CPU  ? domain_cpu_ns()
					      : time_ns();
	u64 timespec[2] = {ns / 1000000000, ns % 1000000000};

	return domain_write(to, timespec, sizeof(timespec));
}

static u64 random_word(void)
{
	static u64 state;
	static int has_rdrand = -1;
	u64 word;
	bool ok = false;

	if (has_rdrand < 0)
		has_rdrand = !!(cpuid(1, 0).ecx & CPUID1_ECX_RDRAND);
	if (has_rdrand)
		__asm__ volatile("rdrand %0" : "=r"(word), "=@ccc"(ok));
	if (ok)
		return word;
	/* xorshift on the time-stamp counter: hash seeds need no more */
	state ^= rdtsc() | 1;
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static s64 sys_getrandom(u64 to, u64 size)
{
	if (size > 256)
		size = 256;
	for (u64 done = 0; done < size; done += 8) {
		u64 word = random_word();
		u64 n = size - done < 8 ? size - done : 8;

		if (domain_write(to + done, &word, n))
			return -EFAULT;
	}
	return (s64)size;
}

/* struct kernel_sigaction: handler, flags, restorer, mask (Linux: include/uapi/asm/signal.h). */
static s64 sys_rt_sigaction(u64 signal, u64 act)
{
	u64 action[3];

	if (signal != SIGXCPU)
		return -EINVAL;
	if (!act)
		return 0;
	/* IRETQ to an address that is not canonical would fault in ring 0. */
	if (domain_read(action, act, sizeof(action)) || action[0] >> 47)
		return -EFAULT;
	domain.signal_handler = action[0];
	domain.signal_restorer = action[2];
	return 0;
}

static enum syscall_result sys_rt_sigreturn(u32 *death)
{
	if (!domain.in_signal) {
		*death = LVMON_DEATH_CALL;
		return SYSCALL_DIES;
	}
	domain.in_signal = false;
	domain.frame = domain.interrupted;
	fpu_restore_domain();
	return SYSCALL_DONE;
}

bool domain_waits_for_event(void)
{
	if (domain.frame.rax != LVMON_NEXT_EVENT)
		return false;
	domain.verdict_ptr = domain.frame.rdi;
	domain.event_ptr = domain.frame.rsi;
	return true;
}

enum syscall_result domain_syscall(u32 *death)
{
	struct exception_frame *f = &domain.frame;
	u64 args[6] = {f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9};
	s64 result = -ENOSYS;

	switch (f->rax) {
	case SYS_WRITE:
		result = sys_write(args[0], args[1], args[2]);
		break;
	case SYS_MMAP:
		result = sys_mmap(args[1], args[2], args[3]);
		break;
	case SYS_MPROTECT:
		result = args[2] > 7 ? -EINVAL : space_mprotect(args[0], args[1], (u32)args[2]);
		break;
	case SYS_MUNMAP:
		result = space_munmap(args[0], args[1]);
		break;
	case SYS_RT_SIGACTION:
		result = sys_rt_sigaction(args[0], args[1]);
		break;
	case SYS_RT_SIGRETURN:
		return sys_rt_sigreturn(death);
	case SYS_ARCH_PRCTL:
		result = sys_arch_prctl(args[0], args[1]);
		break;
	case SYS_FUTEX: /* one thread: nobody to wake, and nobody waits */
		result = 0;
		break;
	case SYS_CLOCK_GETTIME:
		result = sys_clock_gettime(args[0], args[1]);
		break;
	case SYS_EXIT_GROUP:
		*death = LVMON_DEATH_EXIT;
		return SYSCALL_DIES;
	case SYS_GETRANDOM:
		result = sys_getrandom(args[0], args[1]);
		break;
	default:
		if (f->rax >= LVMON_CALL_FIRST && f->rax < LVMON_CALL_END)
			result = monitor_call(f->rax, args);
	}
	f->rax = (u64)result;
	return SYSCALL_DONE;
}
