/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the host's processor runs the guest (KVM) or QEMU emulates one (TCG), and of which kind.
 */
#ifndef LVISOR_TOOLS_ACCEL_H
#define LVISOR_TOOLS_ACCEL_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/options.h"

struct kvm_cpuid2;

/* What KVM gives guests; LVisor is one, and needs SVM or VMX there. */
struct kvm {
	int error;	    /* of opening it and asking; 0: it answered */
	bool svm, vmx;	    /* with nested paging, as far as CPUID says */
	bool amd, intel;    /* kvm_amd or kvm_intel is loaded */
	bool nested_off;    /* by that module's parameter */
	bool host_can;	    /* the host's own processor has SVM or VMX */
	bool host_is_guest; /* of another hypervisor */
};

struct kvm kvm_ask(void);

/* Fills in svm and vmx. */
void kvm_judge(struct kvm *kvm, const struct kvm_cpuid2 *cpuid);

/* Why LVisor cannot run in KVM and what to change, in one line; false: it can. */
bool kvm_problem(const struct kvm *kvm, char *text, size_t size);

/*
 * Decides what the options left open: accelerator, vendor, emulator. False after a message. A word
 * on stderr where KVM was hoped for in vain.
 */
bool accel_choose(struct run_options *options, const struct kvm *kvm)
	__attribute__((warn_unused_result));

/* For QEMU: its processor, and its accelerator. */
const char *accel_cpu(const struct run_options *options);
const char *accel_name(const struct run_options *options);

/* Do the person's own arguments for QEMU name an accelerator? */
bool names_accelerator(char **args);

#endif
