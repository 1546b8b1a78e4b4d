// SPDX-License-Identifier: Apache-2.0
/*
 * `lvisor policy`: what happens when the guest uses what is privileged, from the same rows that the
 * hypervisor is built from.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lvisor/policy.h"
#include "tools/message.h"
#include "tools/policy.h"

static const char *const actions[] = {
	[POLICY_PASS] = "pass",
	[POLICY_EMULATE] = "emulate",
	[POLICY_IGNORE] = "ignore",
	[POLICY_REFUSE] = "#GP",
};

static const char *const vendors[] = {
	[POLICY_AMD] = "AMD", [POLICY_INTEL] = "Intel", [POLICY_BOTH] = "both"};

static void range(unsigned int first, unsigned int last)
{
	char text[32];

	snprintf(text, sizeof(text), first == last ? "%x" : "%x-%x", first, last);
	printf("  %-18s", text);
}

static void print_msrs(void)
{
	printf("MSRs (what no row names passes)\n  %-18s%-7s%-9s%-9s%s\n", "number", "CPU", "read",
	       "write", "name: reason");
#define ROW(vendor, first, last, read, write, name, reason)                              \
	range(first, last);                                                              \
	printf("%-7s%-9s%-9s%s: %s\n", vendors[POLICY_##vendor], actions[POLICY_##read], \
	       actions[POLICY_##write], name, reason);
	POLICY_MSRS(ROW)
#undef ROW
}

static void print_ports(void)
{
	printf("\nPorts\n  %-18s%-16s%s\n", "number", "read, write", "name: reason");
#define ROW(first, last, action, name, reason) \
	range(first, last);                    \
	printf("%-16s%s: %s\n", actions[POLICY_##action], name, reason);
	POLICY_PORTS(ROW)
#undef ROW
#define ROW(first, last, action, name, reason) \
	printf("  %-18s%-16s%s: %s\n", "in the FADT", actions[POLICY_##action], name, reason);
	POLICY_PM1_PORTS(ROW)
#undef ROW
}

static void print_msr_bits(void)
{
	printf("\nMSRs of which some bits are the guest's\n  %-18s%-7s%-17s%-17s%-17s%-17s%s\n",
	       "number", "CPU", "read", "read as 1", "kept", "#GP", "name: reason");
#define ROW(vendor, msr, pass, ones, kept, refused, name, reason)                                  \
	range(msr, msr);                                                                           \
	printf("%-7s%-17llx%-17llx%-17llx%-17llx%s: %s\n", vendors[POLICY_##vendor],               \
	       (unsigned long long)(pass), (unsigned long long)(ones), (unsigned long long)(kept), \
	       (unsigned long long)(refused), name, reason);
	POLICY_MSR_BITS(ROW)
#undef ROW
}

static void print_indexed(void)
{
	printf("\nRegisters by index and data port (writes are ignored)\n  %-18s%-16s%s\n",
	       "index port", "index", "name: reason");
#define ROW(port, first, last, name, reason) \
	range(port, port);                   \
	range(first, last);                  \
	printf("%s: %s\n", name, reason);
	POLICY_INDEXED_REGISTERS(ROW)
#undef ROW
	printf("\nAMD's registers in memory, by offset from FED80000h (writes are ignored)\n");
#define ROW(first, last, name, reason) \
	range(first, last);            \
	printf("%s: %s\n", name, reason);
	POLICY_ACPI_MMIO(ROW)
#undef ROW
}

static void pci_id(unsigned int id)
{
	if (id == POLICY_ANY)
		printf("%-6s", "any");
	else
		printf("%-6.4x", id);
}

static void print_pci(void)
{
	printf("\nPCI configuration (writes are ignored)\n  %-6s%-6s%-6s%-10s%-18s%s\n", "vendor",
	       "dev.", "class", "bus 0", "registers", "name: reason");
#define ROW(vendor, device, class, first_device, last_device, function, first, last, name, reason) \
	printf("  ");                                                                              \
	pci_id(vendor);                                                                            \
	pci_id(device);                                                                            \
	pci_id(class);                                                                             \
	printf("%02x-%02x.%d ", first_device, last_device, function);                              \
	range(first, last);                                                                        \
	printf("%s: %s\n", name, reason);
	POLICY_PCI(ROW)
#undef ROW
}

static void print_cpuid(void)
{
	printf("\nCPUID (bits that pass; what no row names reads as 0)\n  "
	       "%-18s%-9s%-9s%-9s%-9s%s\n",
	       "leaf", "EAX", "EBX", "ECX", "EDX", "name: reason");
#define MASKS(eax, ebx, ecx, edx, name, reason)                                      \
	printf("%-9x%-9x%-9x%-9x%s: %s\n", (unsigned int)(eax), (unsigned int)(ebx), \
	       (unsigned int)(ecx), (unsigned int)(edx), name, reason);
#define ROW(leaf, ...)     \
	range(leaf, leaf); \
	MASKS(__VA_ARGS__)
	POLICY_CPUID(ROW)
#undef ROW
#define ROW(leaf, first, last, ...)                                             \
	if ((first) == (last))                                                  \
		printf("  %x, subleaf %-7x", leaf, (unsigned int)(first));      \
	else if (first)                                                         \
		printf("  %x, from subleaf %-2x", leaf, (unsigned int)(first)); \
	else                                                                    \
		range(leaf, leaf);                                              \
	MASKS(__VA_ARGS__)
	POLICY_CPUID_SUBLEAVES(ROW)
#undef ROW
#undef MASKS
}

static void print_insns(void)
{
	printf("\nInstructions\n");
#define ROW(vendor, insn, what, reason) \
	printf("  %-6s %s\n         %s: %s\n", vendors[POLICY_##vendor], insn, what, reason);
	POLICY_INSNS(ROW)
#undef ROW
}

int policy_main(int argc, char **argv)
{
	if (argc > 1) {
		complain("policy: unexpected argument '%s'", argv[1]);
		return 1;
	}
	print_msrs();
	print_msr_bits();
	print_ports();
	print_indexed();
	print_pci();
	print_cpuid();
	print_insns();
	return 0;
}
