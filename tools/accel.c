// SPDX-License-Identifier: Apache-2.0
/*
 * KVM runs LVisor as a guest that is itself a hypervisor: it has to give that guest SVM or VMX
 * ("nested virtualization"), which depends on the host's processor, on a module's parameter, and
 * on whoever is below the host. KVM itself is asked, since it knows all three.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/accel.h"
#include "tools/message.h"

#define MAX_LEAVES 256

/* --- KVM's answer --- */

static const struct kvm_cpuid_entry2 *leaf(const struct kvm_cpuid2 *cpuid, unsigned int function)
{
	for (unsigned int i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == function)
			return &cpuid->entries[i];
	}
	return NULL;
}

void kvm_judge(struct kvm *kvm, const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *features = leaf(cpuid, 1);
	const struct kvm_cpuid_entry2 *extended = leaf(cpuid, 0x80000001);
	const struct kvm_cpuid_entry2 *svm = leaf(cpuid, 0x8000000a);

	/* APM vol. 3, E.4.2 and E.4.9: SVM, and its nested paging; SDM vol. 2, CPUID: VMX */
	kvm->svm = extended && extended->ecx >> 2 & 1 && svm && svm->edx & 1;
	kvm->vmx = features && features->ecx >> 5 & 1;
}

static bool file_has(const char *path, const char *words)
{
	char line[4096];
	FILE *file = fopen(path, "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, words);
	if (file)
		fclose(file);
	return found;
}

static void look_around(struct kvm *kvm)
{
	static const char cpuinfo[] = "/proc/cpuinfo";

	kvm->amd = access("/sys/module/kvm_amd", F_OK) == 0;
	kvm->intel = access("/sys/module/kvm_intel", F_OK) == 0;
	/* 0 or N: it was a number once */
	kvm->nested_off = file_has("/sys/module/kvm_amd/parameters/nested", "0") ||
			  file_has("/sys/module/kvm_amd/parameters/nested", "N") ||
			  file_has("/sys/module/kvm_intel/parameters/nested", "0") ||
			  file_has("/sys/module/kvm_intel/parameters/nested", "N");
	kvm->host_can = file_has(cpuinfo, " svm ") || file_has(cpuinfo, " vmx ");
	kvm->host_is_guest = file_has(cpuinfo, " hypervisor ");
}

static int ask(int fd, struct kvm *kvm)
{
	struct kvm_cpuid2 *cpuid = must_alloc(
		calloc(1, sizeof(*cpuid) + MAX_LEAVES * sizeof(struct kvm_cpuid_entry2)));
	int error = 0;

	cpuid->nent = MAX_LEAVES;
	if (ioctl(fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		error = ENOTSUP;
	else if (ioctl(fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		error = errno;
	else
		kvm_judge(kvm, cpuid);
	free(cpuid);
	return error;
}

struct kvm kvm_ask(void)
{
	struct kvm kvm = {.error = 0};
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	look_around(&kvm);
	if (fd < 0) {
		kvm.error = errno;
		return kvm;
	}
	kvm.error = ask(fd, &kvm);
	close(fd);
	return kvm;
}

bool kvm_problem(const struct kvm *kvm, char *text, size_t size)
{
	const char *module = kvm->intel ? "kvm_intel" : "kvm_amd";

	if (!kvm->error && (kvm->svm || kvm->vmx))
		return false;
	if (kvm->error == ENOENT && !kvm->host_can)
		snprintf(text, size, "no /dev/kvm: the processor has no SVM or VMX, or %s hides it",
			 kvm->host_is_guest ? "the hypervisor below this machine" : "the firmware");
	else if (kvm->error == ENOENT)
		snprintf(text, size,
			 "no /dev/kvm: load the module kvm_amd or kvm_intel (modprobe)");
	else if (kvm->error == EACCES || kvm->error == EPERM)
		snprintf(
			text, size,
			"/dev/kvm may not be opened: join its group (usermod -aG kvm USER) and log "
			"in again");
	else if (kvm->error)
		snprintf(text, size, "/dev/kvm: %s", strerror(kvm->error));
	else if (kvm->nested_off)
		snprintf(text, size,
			 "KVM gives guests neither SVM nor VMX: nested virtualization is off; "
			 "modprobe -r %s, modprobe %s nested=1",
			 module, module);
	else if (kvm->host_is_guest)
		snprintf(text, size,
			 "KVM gives guests neither SVM nor VMX, as the hypervisor below this "
			 "machine does not let it");
	else
		snprintf(text, size, "KVM gives guests neither SVM nor VMX");
	return true;
}

/* --- the choice --- */

static bool names(char **args, const char *const *words)
{
	for (; *args; args++) {
		for (const char *const *word = words; *word; word++) {
			if (strcmp(*args, *word) == 0)
				return true;
		}
	}
	return false;
}

bool names_accelerator(char **args)
{
	static const char *const words[] = {"-accel", "--accel", "-enable-kvm", "--enable-kvm",
					    NULL};

	return names(args, words);
}

/* Counting instructions is TCG's. */
static bool needs_tcg(const struct run_options *options)
{
	static const char *const words[] = {"-icount", "--icount", NULL};

	return options->tcg_named || names(options->qemu_args, words) ||
	       names_accelerator(options->qemu_args);
}

static bool in_bochs(struct run_options *options)
{
	if (options->accel == ACCEL_KVM) {
		complain("--accel kvm: Bochs has no KVM; leave --emulator and --repeatable away");
		return false;
	}
	if (options->tcg_named) {
		complain("--tcg is for QEMU, and this run needs Bochs");
		return false;
	}
	options->bochs = true;
	return true;
}

/* QEMU without KVM. */
static bool emulated(struct run_options *options)
{
	options->accel = ACCEL_TCG;
	if (!options->intel)
		return true;
	if (options->emulator_named) {
		complain("QEMU without KVM has no Intel VT-x; leave --emulator away or say bochs");
		return false;
	}
	return in_bochs(options);
}

static bool with_kvm(struct run_options *options, const struct kvm *kvm)
{
	char problem[256];

	if (options->tcg_named || names_accelerator(options->qemu_args)) {
		complain("--accel kvm contradicts %s",
			 options->tcg_named ? "--tcg" : "the accelerator named behind --");
		return false;
	}
	if (kvm_problem(kvm, problem, sizeof(problem))) {
		complain("--accel kvm: %s", problem);
		return false;
	}
	if (options->vendor_named && !(options->intel ? kvm->vmx : kvm->svm)) {
		complain(
			"--vendor %s: KVM gives guests %s on this machine; leave --vendor away, or "
			"say --accel tcg",
			options->intel ? "intel" : "amd",
			options->intel ? "AMD SVM" : "Intel VT-x");
		return false;
	}
	options->accel = ACCEL_KVM;
	if (!options->vendor_named)
		options->intel = !kvm->svm;
	return true;
}

bool accel_choose(struct run_options *options, const struct kvm *kvm)
{
	char problem[256];

	if (options->repeatable || (options->emulator_named && options->bochs))
		return in_bochs(options);
	if (options->accel == ACCEL_KVM)
		return with_kvm(options, kvm);
	if (options->accel == ACCEL_TCG || needs_tcg(options))
		return emulated(options);
	if (!kvm_problem(kvm, problem, sizeof(problem))) {
		if (!options->vendor_named || (options->intel ? kvm->vmx : kvm->svm))
			return with_kvm(options, kvm);
		snprintf(problem, sizeof(problem), "KVM has no %s here",
			 options->intel ? "Intel VT-x" : "AMD SVM");
	}
	if (!emulated(options))
		return false;
	fprintf(stderr,
		"lvisor: the processor is emulated, which is slow: %s (--accel tcg hides this)\n",
		problem);
	return true;
}

/* --- for QEMU --- */

const char *accel_cpu(const struct run_options *options)
{
	if (options->accel != ACCEL_KVM)
		return "EPYC,+svm,+npt";
	return options->intel ? "host,+vmx" : "host,+svm,+npt";
}

/*
 * One thread for all processors: with one for each, QEMU's TCG loses state of the first one now
 * and then (docs/testing.md).
 */
const char *accel_name(const struct run_options *options)
{
	if (options->accel == ACCEL_KVM)
		return "kvm";
	return options->tcg_multi ? "tcg,thread=multi" : "tcg,thread=single";
}
