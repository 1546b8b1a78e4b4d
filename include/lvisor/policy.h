/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens when the guest uses what is privileged: each row a thing that is not simply passed
 * to the hardware, or that one would not expect to be passed, with the reason. The vmm is built
 * from these rows and `lvisor policy` prints them, so the two cannot differ. What no row names
 * passes.
 */
#ifndef LVISOR_POLICY_H
#define LVISOR_POLICY_H

enum policy_action {
	POLICY_PASS,	/* the hardware answers */
	POLICY_EMULATE, /* the hypervisor answers as the hardware would, or checks first */
	POLICY_IGNORE,	/* nothing happens, and the guest goes on */
	POLICY_REFUSE,	/* #GP, as where the feature does not exist */
};

/* As lvmon_start.vendor */
enum policy_vendor { POLICY_AMD, POLICY_INTEL, POLICY_BOTH };

/*
 * X(vendor, first, last, read, write, name, reason), by rising number. An MSR outside of the
 * ranges that intercept maps cover (APM vol. 2, 15.11; SDM vol. 3, 25.6.9) always exits; if no row
 * names it, the vmm reads and writes it for the guest, and a #GP is the guest's.
 */
#define POLICY_MSRS(X)                                                                           \
	X(BOTH, 0x10, 0x10, EMULATE, EMULATE, "TSC",                                             \
	  "the counter is the hypervisor's clock; the guest's has an offset")                    \
	X(BOTH, 0x1b, 0x1b, PASS, EMULATE, "APIC_BASE",                                          \
	  "the page must stay where writes to the ICR are seen; its modes change as documented") \
	X(BOTH, 0x11, 0x12, REFUSE, REFUSE, "KVM's old clock", "see KVM below")                  \
	X(INTEL, 0x3a, 0x3a, EMULATE, REFUSE, "FEATURE_CONTROL",                                 \
	  "reads as locked without VT-x, which is in use and hidden")                            \
	X(BOTH, 0x3b, 0x3b, EMULATE, EMULATE, "TSC_ADJUST", "moves the guest's offset, see TSC") \
	X(INTEL, 0x79, 0x79, PASS, IGNORE, "BIOS_UPDT_TRIG",                                     \
	  "new microcode could change the instructions that hold the guest")                     \
	X(INTEL, 0x9b, 0x9b, REFUSE, REFUSE, "SMM_MONITOR_CTL", "VT-x is in use and hidden")     \
	X(INTEL, 0x140, 0x140, PASS, EMULATE, "MISC_FEATURES_ENABLES",                           \
	  "CPUID faulting is off while the engine runs")                                         \
	X(INTEL, 0x1a0, 0x1a0, EMULATE, EMULATE, "MISC_ENABLE",                                  \
	  "BTS and PEBS are not available; CPUID's leaves and NX stay")                          \
	X(INTEL, 0x1cc, 0x1d4, REFUSE, REFUSE, "FRED", "hidden, as in CPUID")                    \
	X(BOTH, 0x200, 0x21f, EMULATE, EMULATE, "MTRRs, variable",                               \
	  "the guest has its own, without effect: uncached memory would slow the hypervisor")    \
	X(BOTH, 0x250, 0x250, EMULATE, EMULATE, "MTRRs, fixed", "see the variable ones")         \
	X(BOTH, 0x258, 0x259, EMULATE, EMULATE, "MTRRs, fixed", "see the variable ones")         \
	X(BOTH, 0x268, 0x26f, EMULATE, EMULATE, "MTRRs, fixed", "see the variable ones")         \
	X(BOTH, 0x2ff, 0x2ff, EMULATE, EMULATE, "MTRR default type", "see the variable ones")    \
	X(INTEL, 0x3f1, 0x3f5, REFUSE, REFUSE, "PEBS",                                           \
	  "its records go to linear addresses of whoever runs, the hypervisor included")         \
	X(INTEL, 0x480, 0x493, REFUSE, REFUSE, "VMX capabilities", "VT-x is in use and hidden")  \
	X(INTEL, 0x560, 0x58f, REFUSE, REFUSE, "RTIT (Processor Trace)",                         \
	  "its output goes to physical addresses past the nested page table")                    \
	X(INTEL, 0x600, 0x600, REFUSE, REFUSE, "DS_AREA", "see PEBS")                            \
	X(BOTH, 0x6e0, 0x6e0, PASS, PASS, "TSC_DEADLINE",                                        \
	  "emulated while the guest's time-stamp counter has an offset")                         \
	X(INTEL, 0x82f, 0x82f, PASS, EMULATE, "x2APIC LVT CMCI",                                 \
	  "no SMI where SMM is open: it would run code above the hypervisor")                    \
	X(BOTH, 0x830, 0x830, PASS, EMULATE, "x2APIC ICR",                                       \
	  "INIT and SIPI would take a CPU away from the hypervisor")                             \
	X(BOTH, 0x833, 0x836, PASS, EMULATE, "x2APIC LVT", "see CMCI")                           \
	X(AMD, 0x850, 0x853, PASS, EMULATE, "x2APIC extended LVT", "see CMCI")                   \
	X(INTEL, 0x981, 0x984, REFUSE, REFUSE, "TME", "hidden, as in CPUID")                     \
	X(INTEL, 0x985, 0x98a, REFUSE, REFUSE, "user interrupts", "hidden, as in CPUID")         \
	X(INTEL, 0xd93, 0xd93, REFUSE, REFUSE, "PASID", "hidden, as in CPUID")                   \
	X(INTEL, 0xda0, 0xda0, PASS, EMULATE, "XSS",                                             \
	  "XRSTORS would load the MSRs of Processor Trace, which are refused")                   \
	X(INTEL, 0x17d0, 0x17d4, REFUSE, REFUSE, "HW_FEEDBACK",                                  \
	  "its table goes to physical addresses past the nested page table")                     \
	X(BOTH, 0x40000000, 0x40001fff, REFUSE, REFUSE, "Hyper-V, where it is below us",         \
	  "its pages lie at physical addresses past the nested page table")                      \
	X(BOTH, 0x4b564d00, 0x4b564dff, REFUSE, REFUSE, "KVM, where it is below us",             \
	  "it would write clocks and the like to physical addresses past the nested page table") \
	X(AMD, 0xc0000080, 0xc0000080, EMULATE, EMULATE, "EFER", "SVME is in use and hidden")    \
	X(AMD, 0xc0000104, 0xc0000104, REFUSE, REFUSE, "TSC_RATIO", "SVM is in use and hidden")  \
	X(AMD, 0xc0010010, 0xc0010010, PASS, IGNORE, "SYSCFG", "memory encryption, address map") \
	X(AMD, 0xc0010015, 0xc0010015, PASS, EMULATE, "HWCR",                                    \
	  "CPUID in user mode would end the engine; see its bits")                               \
	X(AMD, 0xc0010016, 0xc0010019, PASS, IGNORE, "IORR", "address map: RAM or devices")      \
	X(AMD, 0xc001001a, 0xc001001a, PASS, IGNORE, "TOP_MEM", "address map: RAM or devices")   \
	X(AMD, 0xc001001d, 0xc001001d, PASS, IGNORE, "TOP_MEM2", "address map: RAM or devices")  \
	X(AMD, 0xc0010020, 0xc0010020, PASS, IGNORE, "PATCH_LOADER",                             \
	  "new microcode could change the instructions that hold the guest")                     \
	X(AMD, 0xc0010058, 0xc0010058, PASS, IGNORE, "MMIO_CFG_BASE",                            \
	  "PCI configuration could be laid over the hypervisor's memory")                        \
	X(AMD, 0xc0010111, 0xc0010113, PASS, IGNORE, "SMM_BASE, SMM_ADDR, SMM_MASK",             \
	  "code in SMM is above the hypervisor")                                                 \
	X(AMD, 0xc0010114, 0xc0010118, REFUSE, REFUSE,                                           \
	  "VM_CR, IGNNE, SMM_CTL, VM_HSAVE_PA, SVM_KEY", "SVM is in use and hidden")             \
	X(AMD, 0xc001011b, 0xc001011b, REFUSE, REFUSE, "AVIC doorbell",                          \
	  "SVM is in use and hidden")                                                            \
	X(AMD, 0xc0010130, 0xc0010137, REFUSE, REFUSE, "SEV and SNP", "hidden, as in CPUID")

/*
 * X(vendor, msr, pass, ones, kept, refused, name, reason): MSRs that rows above emulate bit by bit.
 * Of a read pass: bits, ones: bits that read as 1; of a write kept: bits that stay as the hardware
 * has them, refused: bits that are #GP if set.
 */
#define POLICY_MSR_BITS(X)                                                                      \
	X(INTEL, 0x3a, 0x160000, 1, 0, 0, "FEATURE_CONTROL",                                    \
	  "locked; SGX and local machine checks as the firmware has them")                      \
	X(INTEL, 0x1a0, ~0ull, 0x1800, 0x400401800ull, 0, "MISC_ENABLE",                        \
	  "BTS and PEBS are not available; kept: those, the limit of CPUID, XD disable")        \
	X(INTEL, 0xda0, ~0ull, 0, 0, ~0x13800ull, "XSS", "CET's and HWP's states, as in CPUID") \
	X(AMD, 0xc0010015, ~0ull, 0, 0x800000000ull, 0, "HWCR", "kept: CpuidUserDis")

/* X(first, last, action, name, reason); ignored: reads as ones. A string access does nothing. */
#define POLICY_PORTS(X)                                                                         \
	X(0x20, 0x21, EMULATE, "8259", "passed; they are masked while the engine runs")         \
	X(0x60, 0x60, EMULATE, "keyboard data",                                                 \
	  "passed, but for the output port: A20 stays on, "                                     \
	  "a reset is one of the whole machine")                                                \
	X(0x64, 0x64, EMULATE, "keyboard controller", "as its data")                            \
	X(0x70, 0x73, EMULATE, "CMOS", "passed, but for the registers below")                   \
	X(0x74, 0x77, IGNORE, "CMOS", "on some chipsets the same registers again")              \
	X(0x92, 0x92, EMULATE, "system control A", "as the keyboard controller")                \
	X(0xa0, 0xa1, EMULATE, "second 8259", "the same")                                       \
	X(0xb2, 0xb2, PASS, "SMI command", "firmware is trusted")                               \
	X(0xe9, 0xe9, IGNORE, "debug port",                                                     \
	  "the hypervisor's own output; reads as ones, also in a wider access")                 \
	X(0x510, 0x51b, IGNORE, "QEMU's fw_cfg",                                                \
	  "its DMA writes to any memory when asked by a port, and it has the hypervisor's and " \
	  "the signatures' files; it is for firmware")                                          \
	X(0xcd6, 0xcd7, EMULATE, "AMD PM registers", "passed, but for the registers below")     \
	X(0xcf8, 0xcff, EMULATE, "PCI configuration, reset control",                            \
	  "passed, but for the registers below; a reset is one of the whole machine. Devices "  \
	  "are the guest's; what they write by DMA is not held back (no IOMMU yet)")

/* X(port, bits of the index, name): an index port, and the data behind it. */
#define POLICY_INDEXED(X)              \
	X(0x70, 0x7f, "CMOS")          \
	X(0x72, 0x7f, "extended CMOS") \
	X(0xcd6, 0xff, "AMD PM registers")

/* X(index port, first, last, name, reason): registers that the guest does not write. */
#define POLICY_INDEXED_REGISTERS(X)                                                             \
	X(0x70, 0x0f, 0x0f, "CMOS: shutdown status",                                            \
	  "the guest has its own: after a reset the firmware would go on in the guest's "       \
	  "code; a write announces that it starts a CPU")                                       \
	X(0x72, 0x0f, 0x0f, "CMOS: shutdown status", "on some chipsets the same once more")     \
	X(0xcd6, 0x20, 0x2b, "AMD PM: ACPI's ports (SB600, SB700)",                             \
	  "the ports by which the guest would put the machine to sleep stay where they are")    \
	X(0xcd6, 0x34, 0x37, "AMD PM: IoApicEn", "the I/O APIC stays where it is looked after") \
	X(0xcd6, 0x60, 0x6f, "AMD PM: ACPI's ports (SB800 and later)", "the same")              \
	X(0xcd6, 0x74, 0x77, "AMD PM: AcpiConfig", "the same")

/* X(first, last, name, reason): the same registers in memory, at FED80000h, and others. */
#define POLICY_ACPI_MMIO(X)                                                                   \
	X(0x320, 0x32b, "AMD PM: where this page is", "it stays where it is looked after")    \
	X(0x334, 0x337, "AMD PM: IoApicEn", "as behind CD6h")                                 \
	X(0x360, 0x36f, "AMD PM: ACPI's ports", "as behind CD6h")                             \
	X(0x374, 0x377, "AMD PM: AcpiConfig", "as behind CD6h")                               \
	X(0x60f, 0x60f, "CMOS: shutdown status", "as behind 70h, but there is none to write") \
	X(0x70f, 0x70f, "CMOS: shutdown status", "the same")

#define POLICY_ANY 0xffff

/*
 * X(vendor, device, class, first device of bus 0, last, function, first, last, name, reason):
 * registers of PCI configuration. A write that touches one does nothing; all else passes.
 */
#define POLICY_PCI(X)                                                                            \
	X(0x8086, POLICY_ANY, POLICY_ANY, 0x00, 0x00, 0, 0x40, 0xbf, "Intel host bridge",        \
	  "SMRAM, PAM, TSEG, top of memory, remapping, PCIEXBAR and other windows: the memory "  \
	  "map is the firmware's")                                                               \
	X(0x8086, 0x7113, POLICY_ANY, 0x00, 0x1f, 3, 0x40, 0x43, "PIIX4 PMBA",                   \
	  "ACPI's ports stay where sleep is refused")                                            \
	X(0x8086, 0x7113, POLICY_ANY, 0x00, 0x1f, 3, 0x58, 0x5b, "PIIX4 DEVACTB",                \
	  "SMIs by the SMI command port")                                                        \
	X(0x8086, 0x7113, POLICY_ANY, 0x00, 0x1f, 3, 0x80, 0x80, "PIIX4 PMREGMISC",              \
	  "ACPI's ports stay where sleep is refused")                                            \
	X(0x8086, POLICY_ANY, 0x0601, 0x1f, 0x1f, 0, 0x40, 0x47, "ICH PMBASE, ACPI_CNTL",        \
	  "ACPI's ports stay where sleep is refused")                                            \
	X(0x8086, POLICY_ANY, 0x0601, 0x1f, 0x1f, 0, 0xf0, 0xf3, "ICH RCBA",                     \
	  "a window that could be laid over memory")                                             \
	X(0x8086, POLICY_ANY, 0x0580, 0x1f, 0x1f, 2, 0x40, 0x4b, "PCH PMC base addresses",       \
	  "ACPI's ports stay where sleep is refused")                                            \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x00, 0x00, 0, 0x64, 0x67, "AMD SMN data",             \
	  "leads to all registers of the chip, the address map too; reading passes")             \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x00, 0x00, 0, 0xbc, 0xbf, "AMD SMN data", "the same") \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x00, 0x00, 0, 0xc8, 0xcb, "AMD SMN data", "the same") \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x18, 0x1f, 0, 0x40, 0xfff,                            \
	  "AMD data fabric, HyperTransport routes", "address map: RAM or devices")               \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x18, 0x1f, 1, 0x40, 0xfff, "AMD address map",         \
	  "RAM or devices")                                                                      \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x18, 0x1f, 2, 0x40, 0xfff, "AMD DRAM controller",     \
	  "where in DRAM an address lies")                                                       \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x18, 0x1f, 4, 0x98, 0x9f,                             \
	  "AMD data fabric, indirect data", "leads to the address map")                          \
	X(0x1022, POLICY_ANY, POLICY_ANY, 0x18, 0x1f, 4, 0xb8, 0xbf,                             \
	  "AMD data fabric, indirect data", "the same")

/*
 * X(first, last, action, name, reason): ports whose numbers the firmware tells in its FADT; first
 * and last in boot_info.pm1. They are words, and any other access to them is ignored.
 */
#define POLICY_PM1_PORTS(X)                                                           \
	X(0, 1, EMULATE, "PM1a_STS, PM1b_STS",                                        \
	  "WAK_STS reads as set after a sleep that was refused, until it is cleared") \
	X(2, 3, EMULATE, "PM1a_CNT, PM1b_CNT",                                        \
	  "S2 and S3 are refused: the firmware would wake the guest without the hypervisor")

#define POLICY_ALL 0xffffffffu

/*
 * X(leaf, EAX, EBX, ECX, EDX, name, reason): the bits that pass. All others read as 0, and so do
 * leaves that no row names: a feature that is not known may want state, events or exits that we
 * know nothing of. OSXSAVE and OSPKE follow the guest's CR4 besides. Past its last leaf a CPU gives
 * another one's values, which pass as that leaf's.
 */
#define POLICY_CPUID(X)                                                                            \
	X(0x00000000, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "vendor, last leaf", "data") \
	X(0x00000002, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "caches and TLBs", "data")   \
	X(0x00000003, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "serial number", "data")     \
	X(0x00000004, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "caches", "data")            \
	X(0x00000005, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "MONITOR, MWAIT", "data")    \
	X(0x00000006, 0x357eff7, POLICY_ALL, 0x9, 0, "power",                                      \
	  "without HFI and Thread Director: see HW_FEEDBACK")                                      \
	X(0x00000009, POLICY_ALL, 0, 0, 0, "direct cache access", "data")                          \
	X(0x0000000a, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "performance counters",      \
	  "data")                                                                                  \
	X(0x0000000b, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "topology", "data")          \
	X(0x0000000f, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "resource monitoring",       \
	  "data")                                                                                  \
	X(0x00000010, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "resource allocation",       \
	  "data")                                                                                  \
	X(0x00000012, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "SGX", "data")               \
	X(0x00000015, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "TSC and crystal", "data")   \
	X(0x00000016, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "frequencies", "data")       \
	X(0x00000017, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "SoC vendor", "data")        \
	X(0x00000018, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "TLBs", "data")              \
	X(0x0000001a, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "core type", "data")         \
	X(0x0000001d, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "AMX tiles", "data")         \
	X(0x0000001e, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "AMX", "data")               \
	X(0x0000001f, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "topology", "data")          \
	X(0x00000024, POLICY_ALL, POLICY_ALL, 0, 0, "AVX10", "data")                               \
	X(0x80000000, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "last leaf", "data")         \
	X(0x80000001, POLICY_ALL, POLICY_ALL, 0x7deb2ffb, 0xefdbfbff, "features",                  \
	  "without SVM and SKINIT, which are in use, and LWP, which writes to linear addresses")   \
	X(0x80000002, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "name of the CPU", "data")   \
	X(0x80000003, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "name of the CPU", "data")   \
	X(0x80000004, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "name of the CPU", "data")   \
	X(0x80000005, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "caches and TLBs", "data")   \
	X(0x80000006, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "caches and TLBs", "data")   \
	X(0x80000007, POLICY_ALL, 0xf, POLICY_ALL, 0xffff, "power", "data")                        \
	X(0x80000008, POLICY_ALL, 0xff9fd25f, POLICY_ALL, POLICY_ALL, "sizes and features",        \
	  "without MCOMMIT and INT_WBINVD, whose bits of EFER are not given, and nested INVLPGB")  \
	X(0x80000019, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "TLBs", "data")              \
	X(0x8000001a, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "optimisations", "data")     \
	X(0x8000001b, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL,                              \
	  "instruction-based sampling", "data")                                                    \
	X(0x8000001d, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "caches", "data")            \
	X(0x8000001e, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "topology", "data")          \
	X(0x80000020, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "resource allocation",       \
	  "data")                                                                                  \
	X(0x80000021, 0x781c2f4f, 0xffff, 0x6, 0, "features",                                      \
	  "without UAI, whose bit of EFER is not given, CpuidUserDis (see HWCR), ERAPS, workload " \
	  "classes")                                                                               \
	X(0x80000022, 0x1, POLICY_ALL, POLICY_ALL, 0, "performance counters",                      \
	  "without LBR stacks, which would record the hypervisor")                                 \
	X(0x80000026, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, "topology", "data")

/*
 * X(leaf, first subleaf, last, EAX, EBX, ECX, EDX, name, reason): the same, by subleaf, and leaf 1.
 */
#define POLICY_CPUID_SUBLEAVES(X)                                                                 \
	X(0x00000001, 0, POLICY_ALL, POLICY_ALL, POLICY_ALL, 0xfffeff8b, 0xbfcffbff,              \
	  "family and features",                                                                  \
	  "without VMX and SMX, which are in use, and DS, DTES64, DS-CPL: see PEBS")              \
	X(0x40000000, 0, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL,              \
	  "name of a hypervisor below", "what it offers is hidden: see KVM")                      \
	X(0x00000007, 0, 0, POLICY_ALL, 0xfdffffff, 0xdb7f5fff, 0xffd1ef1e, "features",           \
	  "without Processor Trace (see RTIT), TME and PCONFIG (keys that would make our memory " \
	  "unreadable), Key Locker, ENQCMD (see PASID), UINTR, LBR stacks (would record the "     \
	  "hypervisor)")                                                                          \
	X(0x00000007, 1, 0x1, 0x4a01dff, 0x1, 0, 0xc4530, "features",                             \
	  "without FRED, LKGS, NMI sources, WRMSRNS, MSRLIST, user MSRs (events and exits of "    \
	  "their own), APX (registers that exits do not save), HRESET, user timer")               \
	X(0x00000007, 2, 0x2, 0, 0, 0, 0xff, "controls of speculation", "data")                   \
	X(0x0000000d, 0, 0, 0x602ff, POLICY_ALL, POLICY_ALL, 0, "XCR0",                           \
	  "what is known: x87 to AVX-512, MPX, PKRU, AMX")                                        \
	X(0x0000000d, 1, 0x1, 0x1f, POLICY_ALL, 0x13800, 0, "XSS",                                \
	  "what is known: CET, HDC, HWP; not Processor Trace, PASID, UINTR, LBR")                 \
	X(0x0000000d, 2, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL,              \
	  "sizes of state", "data")                                                               \
	X(0x00000023, 0, 0, 0xf, POLICY_ALL, 0, 0, "performance counters", "without PEBS")        \
	X(0x00000023, 1, 0x3, POLICY_ALL, POLICY_ALL, POLICY_ALL, POLICY_ALL,                     \
	  "performance counters", "data")

/*
 * X(vendor, instruction, what happens, reason); for people: the vmm has these as intercepts
 * (vmm/svm/svm.c, vmm/vmx/).
 */
#define POLICY_INSNS(X)                                                                         \
	X(AMD, "VMRUN VMLOAD VMSAVE STGI CLGI VMMCALL SKINIT INVLPGA", "#UD",                   \
	  "as on a CPU without SVM")                                                            \
	X(INTEL, "VMXON VMCALL VMLAUNCH VMRESUME VMPTRLD ... INVEPT INVVPID, GETSEC", "#UD",    \
	  "as on a CPU without VT-x and SMX")                                                   \
	X(INTEL, "MOV to CR4 with VMXE or SMXE", "#GP", "as on a CPU without VT-x and SMX")     \
	X(BOTH, "INVD", "done as WBINVD", "the caches hold the hypervisor's memory too")        \
	X(BOTH, "XSETBV", "passed; on Intel checked and done for the guest", "it exits always") \
	X(INTEL, "hardware task switch", "#GP and a line in the log",                           \
	  "it exits always; no 64-bit system has hardware tasks")                               \
	X(BOTH, "RDTSC RDPMC HLT PAUSE MONITOR MWAIT WBINVD MOV to CR3 IN OUT", "passed",       \
	  "time, power and the guest's own paging are the guest's")                             \
	X(BOTH, "INIT, SIPI by the APIC's page, while a CPU can be started", "emulated",        \
	  "they would take a CPU away from the hypervisor")                                     \
	X(BOTH, "SMI by the ICR", "ignored", "it would run code above the hypervisor")          \
	X(BOTH, "SMI or INIT by the I/O APIC", "that entry is not written",                     \
	  "the same; INIT would take a CPU away from the hypervisor")                           \
	X(BOTH, "SMI by a local vector, where the firmware left SMM open", "not written",       \
	  "it would run code above the hypervisor")                                             \
	X(BOTH, "triple fault", "the machine is reset", "as on the bare machine")

#endif
