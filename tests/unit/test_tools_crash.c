// SPDX-License-Identifier: Apache-2.0
/*
 * lvisor crash: this program stands for the hypervisor and the engine. It writes records of itself,
 * of where it really is, and wants to be told so. Linked without PIE, as they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include <cmocka.h>

#include "tools/crash.h"
#include "tools/crash_record.h"
#include "tools/symbols.h"

#define SELF  "/proc/self/exe"
#define WORDS 300

static char build[BUILD_ID_TEXT];

/* A record as vmm/log.c writes it, of the state in context. Its stack has words of ASan's, too. */
__attribute__((no_sanitize("address"))) static void
write_record(FILE *log, const ucontext_t *context, const char *label)
{
	const greg_t *r = context->uc_mcontext.gregs;
	const volatile uint64_t *sp = (const uint64_t *)r[REG_RSP];

	fprintf(log, "%scrash record begin\n%sreason: exception 14 in the hypervisor\n", label,
		label);
	fprintf(log, "%sbuild %s apic 3\n", label, build);
	fprintf(log, "%scr0 80000011 cr2 1234 cr3 1000 cr4 20\n", label);
	fprintf(log, "%svector 14 error 2 cs:rip 8:%llx ss:rsp 10:%llx rflags 2\n", label,
		r[REG_RIP], r[REG_RSP]);
	fprintf(log, "%srax 0 rbx %llx rcx 0 rdx 0 rsi 0 rdi 0 rbp %llx\n", label, r[REG_RBX],
		r[REG_RBP]);
	fprintf(log, "%sr8 0 r9 0 r10 0 r11 0 r12 %llx r13 %llx r14 %llx r15 %llx\n", label,
		r[REG_R12], r[REG_R13], r[REG_R14], r[REG_R15]);
	for (int i = 0; i < WORDS; i++) {
		if (i % 4 == 0)
			fprintf(log, "%s%sstack %" PRIxPTR ":", i ? "\n" : "", label,
				(uintptr_t)(sp + i));
		fprintf(log, " %" PRIx64, sp[i]);
	}
	fprintf(log, "\n%scrash record end\n", label);
}

__attribute__((noinline)) static void innermost(FILE *log, const char *label)
{
	ucontext_t here;

	assert_int_equal(getcontext(&here), 0);
	write_record(log, &here, label);
	fputs("", log); /* no tail call */
}

__attribute__((noinline)) static void middle(FILE *log, const char *label)
{
	innermost(log, label);
	fputs("", log);
}

/* What is said of a log; *good: it could be explained. The caller frees it. */
static char *explained(const char *text, const char *vmm, const char *engine, bool *good)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r"), *out;
	struct crash_log log;
	char *said;
	size_t size;

	assert_non_null(file);
	crash_log_read(file, &log);
	fclose(file);
	out = open_memstream(&said, &size);
	*good = crash_explain(out, &log, vmm, engine);
	fclose(out);
	crash_log_free(&log);
	return said;
}

static char *record_of_here(const char *label)
{
	char *text;
	size_t size;
	FILE *log = open_memstream(&text, &size);

	fputs("LVisor 0.1 on AMD SVM\n", log);
	middle(log, label);
	fclose(log);
	return text;
}

static const char *wants(const char *text, const char *part)
{
	const char *found = strstr(text, part);

	if (!found)
		fail_msg("'%s' is not (here) in:\n%s", part, text);
	return found;
}

static void frames(void **state)
{
	static const char *const labels[] = {"", "[crash] "};

	for (size_t i = 0; i < 2; i++) {
		char *log = record_of_here(labels[i]), *said;
		const char *at;
		bool good;

		said = explained(log, SELF, "/nowhere", &good);
		assert_true(good);
		at = wants(said, "LVisor crashed: exception 14 in the hypervisor");
		at = wants(at, build);
		at = wants(at, "APIC id 3");
		at = wants(at, "14 (#PF, page fault), error code 2: write of 1234");
		at = wants(at, "    at   ");
		at = wants(at, "innermost+0x");
		at = wants(at, "tests/unit/test_tools_crash.c:");
		at = wants(at, "    from ");
		at = wants(at, "middle+0x");
		at = wants(at, "    from ");
		at = wants(at, "record_of_here+0x");
		wants(at, "For a report, send");
		free(said);
		free(log);
	}
}

/* RIP leads nowhere: words of the stack that are behind some code are shown as perhaps. */
static void jump_into_nothing(void **state)
{
	char log[1000], *said;
	bool good;

	snprintf(log, sizeof(log),
		 "crash record begin\nreason: x\nbuild %s apic 0\n"
		 "vector 14 error 10 cs:rip 8:0 ss:rsp 10:7000 rflags 2\n"
		 "stack 7000: 1 %" PRIxPTR " 2 3\n",
		 build, (uintptr_t)middle + 4);
	said = explained(log, SELF, NULL, &good);
	assert_true(good);
	wants(said, "fetch of 0");
	wants(wants(said, "from? "), "middle+0x4");
	wants(said, "cut short");
	free(said);
}

static void exits(void **state)
{
	static const struct {
		const char *reason, *said;
	} cases[] = {
		{"SVM exit ffffffffffffffff info1 0 info2 0 rip 1", "INVALID"},
		{"SVM exit 402 info1 0 info2 0 rip 1", "AVIC"},
		{"VT-x exit 49 qualification 0 rip 1", "EPT misconfiguration"},
		{"VM entry failed: reason 33 qualification 0 rip 1", "guest state"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[500], *said;
		bool good;

		snprintf(log, sizeof(log),
			 "crash record begin\nreason: %s\nbuild %s apic 1\ncalled from %" PRIxPTR
			 "\ncrash record end\n",
			 cases[i].reason, build, (uintptr_t)middle + 4);
		said = explained(log, SELF, NULL, &good);
		assert_true(good);
		wants(wants(said, cases[i].said), "middle+0x4");
		free(said);
	}
}

static void engine(void **state)
{
	char log[500], *said;
	bool good;

	snprintf(log, sizeof(log),
		 "engine build %s\nengine died: fault, rip %" PRIxPTR ", address 8000\n", build,
		 (uintptr_t)middle);
	said = explained(log, "/nowhere", SELF, &good);
	assert_true(good);
	wants(wants(said, "The engine died: fault, address 8000"), "middle+0x0");
	free(said);
	log[strlen("engine build ")] ^= 1;
	said = explained(log, "/nowhere", SELF, &good);
	assert_false(good);
	free(said);
}

static void refused(void **state)
{
	static const char *const programs[] = {"/nowhere", "/etc/passwd", "/bin/true"};
	char *log = record_of_here(""), *said;
	bool good;

	for (size_t i = 0; i < 3; i++) {
		said = explained(log, programs[i], NULL, &good);
		assert_false(good);
		free(said);
	}
	memset(strstr(log, build), 'a', 2);
	said = explained(log, SELF, NULL, &good);
	assert_false(good);
	free(said);
	free(log);
}

/* However a log is cut or spoilt, it is read to its end. */
static void damaged(void **state)
{
	char *log = record_of_here("");
	const size_t size = strlen(log);
	struct crash_log read;

	for (size_t i = 1; i < size; i++) {
		FILE *file = fmemopen(log, i, "r");

		crash_log_read(file, &read);
		fclose(file);
		crash_log_free(&read);
	}
	for (size_t i = 0; i < size; i += 7) {
		FILE *file = fmemopen(log, size, "r");

		log[i] = " :\n\0f"[i % 5];
		crash_log_read(file, &read);
		fclose(file);
		crash_log_free(&read);
	}
	free(log);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),  cmocka_unit_test(jump_into_nothing),
		cmocka_unit_test(exits),   cmocka_unit_test(engine),
		cmocka_unit_test(refused), cmocka_unit_test(damaged),
	};
	int fd = open(SELF, O_RDONLY);

	if (!build_id_of(fd, build))
		return 1;
	close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
