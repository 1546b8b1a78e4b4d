// SPDX-License-Identifier: Apache-2.0
/*
 * KVM or not, on machines that are made up here: what KVM's answer means, what is chosen for which
 * options, and what `lvisor doctor` says of such machines.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tools/accel.h"
#include "tools/doctor.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- KVM's answer --- */

static struct kvm judged(unsigned int leaves, const struct kvm_cpuid_entry2 *entries)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + leaves * sizeof(*entries));
	struct kvm kvm = {.svm = true, .vmx = true};

	cpuid->nent = leaves;
	memcpy(cpuid->entries, entries, leaves * sizeof(*entries));
	kvm_judge(&kvm, cpuid);
	free(cpuid);
	return kvm;
}

static void what_guests_get(void **state)
{
	static const struct kvm_cpuid_entry2 amd[] = {{.function = 1, .ecx = ~(1u << 5)},
						      {.function = 0x80000001, .ecx = 1 << 2},
						      {.function = 0x8000000a, .edx = 1}};
	static const struct kvm_cpuid_entry2 intel[] = {{.function = 0x80000001, .ecx = ~(1u << 2)},
							{.function = 1, .ecx = 1 << 5}};
	static const struct kvm_cpuid_entry2 shadow[] = {{.function = 0x80000001, .ecx = 1 << 2},
							 {.function = 0x8000000a, .edx = ~1u}};
	struct kvm kvm = judged(3, amd);

	assert_true(kvm.svm && !kvm.vmx);
	kvm = judged(2, intel);
	assert_true(kvm.vmx && !kvm.svm);
	kvm = judged(2, shadow); /* SVM without nested paging is of no use */
	assert_false(kvm.svm || kvm.vmx);
	kvm = judged(2, amd); /* no leaf that tells */
	assert_false(kvm.svm || kvm.vmx);
	kvm = judged(0, amd);
	assert_false(kvm.svm || kvm.vmx);
}

static const struct kvm with_svm = {.svm = true, .amd = true};
static const struct kvm with_vmx = {.vmx = true, .intel = true};
static const struct kvm absent = {.error = ENOENT};
static const struct kvm without = {.amd = true, .host_can = true};

static void mends(void **state)
{
	static const struct {
		struct kvm kvm;
		const char *words;
	} rows[] = {
		{{.error = ENOENT}, "the firmware hides it"},
		{{.error = ENOENT, .host_is_guest = true},
		 "hypervisor below this machine hides it"},
		{{.error = ENOENT, .host_can = true}, "modprobe"},
		{{.error = EACCES, .host_can = true}, "usermod -aG kvm"},
		{{.error = EPERM, .svm = true}, "usermod -aG kvm"},
		{{.error = EIO}, "Input/output error"},
		{{.amd = true, .nested_off = true}, "modprobe kvm_amd nested=1"},
		{{.intel = true, .nested_off = true}, "modprobe kvm_intel nested=1"},
		{{.amd = true, .host_is_guest = true}, "below this machine does not let it"},
		{{.amd = true}, "neither SVM nor VMX"},
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(kvm_problem(&rows[i].kvm, text, sizeof(text)));
		if (!strstr(text, rows[i].words))
			fail_msg("row %zu: %s", i, text);
		assert_null(strchr(text, '\n'));
	}
	assert_false(kvm_problem(&with_svm, text, sizeof(text)));
	assert_false(kvm_problem(&with_vmx, text, sizeof(text)));
}

/* --- the choice --- */

static char *none[] = {NULL};
static char *icount[] = {"-icount", "shift=0", NULL};
static char *accel_behind[] = {"-M", "q35", "-accel", "tcg", NULL};
static char *other[] = {"-M", "q35", NULL};

enum outcome { REFUSED, TCG_AMD, KVM_AMD, KVM_INTEL, BOCHS_AMD, BOCHS_INTEL };

static enum outcome chosen(struct run_options options, const struct kvm *kvm)
{
	if (!options.qemu_args)
		options.qemu_args = none;
	if (!accel_choose(&options, kvm))
		return REFUSED;
	if (options.bochs)
		return options.intel ? BOCHS_INTEL : BOCHS_AMD;
	assert_int_not_equal(options.accel, ACCEL_AUTO);
	if (options.accel == ACCEL_KVM) {
		assert_string_equal(accel_name(&options), "kvm");
		assert_string_equal(accel_cpu(&options),
				    options.intel ? "host,+vmx" : "host,+svm,+npt");
		return options.intel ? KVM_INTEL : KVM_AMD;
	}
	assert_false(options.intel);
	assert_string_equal(accel_cpu(&options), "EPYC,+svm,+npt");
	return TCG_AMD;
}

#define AMD   .vendor_named = true
#define INTEL .vendor_named = true, .intel = true
#define QEMU  .emulator_named = true
#define BOCHS .emulator_named = true, .bochs = true

static void choices(void **state)
{
	/* on machines whose KVM has SVM, VMX, neither; and without KVM */
	static const struct {
		struct run_options options;
		enum outcome svm, vmx, neither, absent;
	} rows[] = {
		{{.accel = ACCEL_AUTO}, KVM_AMD, KVM_INTEL, TCG_AMD, TCG_AMD},
		{{.accel = ACCEL_KVM}, KVM_AMD, KVM_INTEL, REFUSED, REFUSED},
		{{.accel = ACCEL_TCG}, TCG_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{.plain = true}, KVM_AMD, KVM_INTEL, TCG_AMD, TCG_AMD},
		{{.qemu_args = other}, KVM_AMD, KVM_INTEL, TCG_AMD, TCG_AMD},
		/* the vendor */
		{{AMD}, KVM_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{INTEL}, BOCHS_INTEL, KVM_INTEL, BOCHS_INTEL, BOCHS_INTEL},
		{{AMD, .accel = ACCEL_KVM}, KVM_AMD, REFUSED, REFUSED, REFUSED},
		{{INTEL, .accel = ACCEL_KVM}, REFUSED, KVM_INTEL, REFUSED, REFUSED},
		{{AMD, .accel = ACCEL_TCG}, TCG_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{INTEL, .accel = ACCEL_TCG}, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL},
		/* the emulator */
		{{INTEL, QEMU}, REFUSED, KVM_INTEL, REFUSED, REFUSED},
		{{INTEL, QEMU, .accel = ACCEL_TCG}, REFUSED, REFUSED, REFUSED, REFUSED},
		{{QEMU}, KVM_AMD, KVM_INTEL, TCG_AMD, TCG_AMD},
		{{BOCHS}, BOCHS_AMD, BOCHS_AMD, BOCHS_AMD, BOCHS_AMD},
		{{INTEL, BOCHS}, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL},
		{{BOCHS, .accel = ACCEL_KVM}, REFUSED, REFUSED, REFUSED, REFUSED},
		{{BOCHS, .tcg_named = true}, REFUSED, REFUSED, REFUSED, REFUSED},
		{{INTEL, .repeatable = true}, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL, BOCHS_INTEL},
		/* what only TCG has */
		{{.tcg_named = true}, TCG_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{.qemu_args = icount}, TCG_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{.qemu_args = accel_behind}, TCG_AMD, TCG_AMD, TCG_AMD, TCG_AMD},
		{{.tcg_named = true, .accel = ACCEL_KVM}, REFUSED, REFUSED, REFUSED, REFUSED},
		{{.qemu_args = accel_behind, .accel = ACCEL_KVM},
		 REFUSED,
		 REFUSED,
		 REFUSED,
		 REFUSED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const enum outcome got[] = {
			chosen(rows[i].options, &with_svm), chosen(rows[i].options, &with_vmx),
			chosen(rows[i].options, &without), chosen(rows[i].options, &absent)};

		if (got[0] != rows[i].svm || got[1] != rows[i].vmx || got[2] != rows[i].neither ||
		    got[3] != rows[i].absent)
			fail_msg("row %zu: %d %d %d %d", i, got[0], got[1], got[2], got[3]);
	}
}

static void threads(void **state)
{
	struct run_options options = {.accel = ACCEL_TCG, .cpus = 4};

	assert_string_equal(accel_name(&options), "tcg,thread=single");
	options.tcg_multi = true;
	assert_string_equal(accel_name(&options), "tcg,thread=multi");
}

/* --- the doctor --- */

static const struct facts healthy = {
	.qemu = "/usr/bin/qemu-system-x86_64",
	.qemu_version = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)",
	.bochs_missing = "",
	.kernel = "/boot/vmlinuz-6.1.0-1-amd64",
	.packages_missing = "",
	.kvm = {.svm = true, .amd = true},
	.cpus = 2,
	.memory_mb = 8000,
	.space_mb = 50000,
	.tmp_mb = 50000,
};

static char *report_of(const struct facts *facts, bool *fit)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	*fit = doctor_report(facts, out);
	fclose(out);
	return text;
}

static void nothing_to_mend(void **state)
{
	bool fit;
	char *text = report_of(&healthy, &fit);

	assert_true(fit);
	assert_true(strncmp(text, "ok ", 3) == 0);
	for (char *next = strchr(text, '\n'); next[1]; next = strchr(next + 1, '\n'))
		assert_true(strncmp(next, "\nok ", 4) == 0);
	free(text);
}

/* One thing is wrong: one line says so, with the mend; all others are as before. */
static void one_ailment(struct facts facts, bool fit, const char *words)
{
	bool really;
	char *text = report_of(&facts, &really);
	unsigned int wrong = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "ok ", 3) == 0)
			continue;
		wrong++;
		assert_true(strncmp(line, fit ? "note " : "NO ", fit ? 5 : 3) == 0);
		if (!strstr(line, words))
			fail_msg("'%s' has no '%s'", line, words);
	}
	assert_int_equal(wrong, 1);
	assert_int_equal(really, fit);
	free(text);
}

#define AILING(member, value, fit, words)       \
	do {                                    \
		struct facts facts = healthy;   \
		facts.member = value;           \
		one_ailment(facts, fit, words); \
	} while (0)

static void ailments(void **state)
{
	AILING(missing_build, "engine", false, "engine is not there: build it with make");
	AILING(qemu, NULL, false, "apt-get install qemu-system-x86");
	AILING(qemu_version, NULL, false, "install it anew");
	AILING(qemu_version, "", false, "install it anew");
	AILING(qemu_version, "QEMU emulator version 7.1.9", true, "tested with 7.2 and later");
	AILING(qemu_version, "QEMU emulator version 6.2.0", true, "tested with 7.2 and later");
	AILING(kvm, without, true, "KVM gives guests neither");
	AILING(kvm, absent, true, "no /dev/kvm");
	AILING(bochs_missing, " vgabios mtools", true, "apt-get install vgabios mtools");
	AILING(kernel, NULL, true, "`make guest` gets one");
	AILING(memfd_error, ENOSYS, false, "Function not implemented");
	AILING(memory_mb, 100, false, "a guest needs");
	AILING(memory_mb, 1100, true, "--memory");
	AILING(space_mb, 100, true, "make room");
	AILING(space_mb, 2000, true, "make guest-disk");
	AILING(tmp_mb, 100, true, "Bochs");
	AILING(cpus, 1, true, "twice the time");
	AILING(packages_missing, "cpio gdb", true, "apt-get install cpio gdb");
}

static void newer_qemu_is_fine(void **state)
{
	struct facts facts = healthy;
	bool fit;
	char *text;

	facts.qemu_version = "QEMU emulator version 10.0.2 (v10.0.2)";
	facts.packages_missing = NULL; /* installed without its sources */
	text = report_of(&facts, &fit);
	assert_true(fit && strstr(text, "ok   QEMU      10.0 "));
	assert_null(strstr(text, "packages"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_guests_get),
		cmocka_unit_test(mends),
		cmocka_unit_test(choices),
		cmocka_unit_test(threads),
		cmocka_unit_test(nothing_to_mend),
		cmocka_unit_test(ailments),
		cmocka_unit_test(newer_qemu_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
