/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting onto the debug port, and the crash record. */
#include <stdarg.h>
#include "vmm/lock.h"
#include "vmm/log.h"
#include "vmm/string.h"
#include "vmm/x86/asm.h"
#include "vmm/x86/exceptions.h"

#define CRASH_PATIENCE 10000000u /* turns of a loop: far more than a line takes */
#define STACK_WORDS    64
#define BUILD_ID_SIZE  20

/* The linker's note (vmm.lds): by this id, `lvisor crash` knows whose symbols explain a record. */
struct build_id_note {
	u32 name_size, size, type;
	char name[4];
	u8 id[BUILD_ID_SIZE];
};
extern const struct build_id_note image_build_id;

static struct lock line_lock;

void log_begin(void)
{
	lock_take(&line_lock);
}

void log_end(void)
{
	lock_release(&line_lock);
}

/* The last words of a CPU. Whoever has the lock may have stopped, or be this CPU itself. */
static void begin_anyway(void)
{
	for (u32 i = 0; i < CRASH_PATIENCE; i++) {
		if (lock_try(&line_lock))
			return;
		__asm__ volatile("pause");
	}
	log_byte('\n');
}

void log_byte(u8 byte)
{
	outb(LOG_PORT, byte);
}

void log_raw(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		/* Control bytes have meanings of their own on this channel. */
		bool plain = (u8)text[i] >= 0x20 || text[i] == '\n' || text[i] == '\t';

		log_byte(plain ? (u8)text[i] : '?');
	}
}

static void put_number(u64 n, unsigned int base)
{
	char digits[20];
	size_t i = sizeof(digits);

	do {
		digits[--i] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	log_raw(digits + i, sizeof(digits) - i);
}

static void put_formatted(const char *fmt, va_list ap)
{
	for (; *fmt; fmt++) {
		bool is_long = false;

		if (*fmt != '%') {
			log_byte((u8)*fmt);
			continue;
		}
		fmt++;
		while (*fmt == 'l') {
			is_long = true;
			fmt++;
		}
		switch (*fmt) {
		case 's': {
			const char *s = va_arg(ap, const char *);

			log_raw(s, strlen(s));
			break;
		}
		case 'c':
			log_byte((u8)va_arg(ap, int));
			break;
		case 'u':
			put_number(is_long ? va_arg(ap, u64) : va_arg(ap, u32), 10);
			break;
		case 'd': {
			s64 n = is_long ? va_arg(ap, s64) : va_arg(ap, s32);

			if (n < 0)
				log_byte('-');
			put_number(n < 0 ? 0 - (u64)n : (u64)n, 10);
			break;
		}
		case 'x':
			put_number(is_long ? va_arg(ap, u64) : va_arg(ap, u32), 16);
			break;
		case 'p':
			put_number(va_arg(ap, u64), 16);
			break;
		default:
			log_byte((u8)*fmt);
		}
	}
}

static void __attribute__((format(printf, 1, 2))) put(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_formatted(fmt, ap);
	va_end(ap);
}

void log_line(const char *fmt, ...)
{
	va_list ap;

	log_begin();
	va_start(ap, fmt);
	put_formatted(fmt, ap);
	va_end(ap);
	log_byte('\n');
	log_end();
}

void log_counted(u64 *count, const char *fmt, ...)
{
	u64 n = __atomic_add_fetch(count, 1, __ATOMIC_RELAXED), times = n / LOG_LINES;
	va_list ap;

	if (n > LOG_LINES && (n % LOG_LINES || (times & (times - 1))))
		return;
	log_begin();
	va_start(ap, fmt);
	put_formatted(fmt, ap);
	va_end(ap);
	if (n > LOG_LINES)
		put(" (%lu lines like this one were left out)", n / 2 - 1);
	log_byte('\n');
	log_end();
}

void fatal(const char *fmt, ...)
{
	va_list ap;

	begin_anyway();
	log_raw("fatal: ", 7);
	va_start(ap, fmt);
	put_formatted(fmt, ap);
	va_end(ap);
	log_byte('\n');
	log_end();
	halt_forever();
}

static void put_stack(const struct exception_frame *frame)
{
	const u64 *sp = (const u64 *)frame->rsp;

	/* Only what is certainly mapped: the rest of the stack page that RSP is in. */
	for (int i = 0; i < STACK_WORDS && ((u64)(sp + i) & ~PAGE_MASK) != 0; i++) {
		if (i % 4 == 0)
			put("%sstack %lx:", i ? "\n" : "", (u64)(sp + i));
		put(" %lx", sp[i]);
	}
	log_byte('\n');
}

/* GS may be the guest's or the domain's here, so the CPU is named by what CPUID says. */
static void put_place(void)
{
	put("build ");
	for (size_t i = 0; i < BUILD_ID_SIZE; i++)
		put("%x%x", image_build_id.id[i] >> 4, image_build_id.id[i] & 15u);
	put(" apic %u\n", cpuid(1, 0).ebx >> 24);
}

void crash(const struct exception_frame *frame, const char *fmt, ...)
{
	va_list ap;

	begin_anyway();
	put("crash record begin\nreason: ");
	va_start(ap, fmt);
	put_formatted(fmt, ap);
	va_end(ap);
	log_byte('\n');
	put_place();
	put("cr0 %lx cr2 %lx cr3 %lx cr4 %lx\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
	if (frame) {
		put("vector %lu error %lx cs:rip %lx:%lx ss:rsp %lx:%lx rflags %lx\n",
		    frame->vector, frame->error, frame->cs, frame->rip, frame->ss, frame->rsp,
		    frame->rflags);
		put("rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", frame->rax,
		    frame->rbx, frame->rcx, frame->rdx, frame->rsi, frame->rdi, frame->rbp);
		put("r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx\n", frame->r8,
		    frame->r9, frame->r10, frame->r11, frame->r12, frame->r13, frame->r14,
		    frame->r15);
		put_stack(frame);
	} else {
		put("called from %lx\n", (u64)__builtin_return_address(0));
	}
	put("crash record end\n");
	log_end();
	halt_forever();
}
