/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for vmm/x86/asm.h where ring 0 cannot be had: the constants are the real ones, the
 * instructions are functions of vmm_host.c that remember what they were asked.
 */
#ifndef UNIT_FAKE_ASM_H
#define UNIT_FAKE_ASM_H

#define outb		hardware_outb
#define inb		hardware_inb
#define outw		hardware_outw
#define inw		hardware_inw
#define outl		hardware_outl
#define inl		hardware_inl
#define rdmsr		hardware_rdmsr
#define wrmsr		hardware_wrmsr
#define rdtsc		hardware_rdtsc
#define cpuid		hardware_cpuid
#define read_cr0	hardware_read_cr0
#define write_cr0	hardware_write_cr0
#define read_cr2	hardware_read_cr2
#define read_cr3	hardware_read_cr3
#define write_cr3	hardware_write_cr3
#define read_cr8	hardware_read_cr8
#define write_cr8	hardware_write_cr8
#define read_cr4	hardware_read_cr4
#define write_cr4	hardware_write_cr4
#define invlpg		hardware_invlpg
#define wbinvd		hardware_wbinvd
#define current_cpu_id	hardware_current_cpu_id
#define stac		hardware_stac
#define clac		hardware_clac
#define halt_forever	hardware_halt_forever
#define xsetbv		hardware_xsetbv
#define read_dr6	hardware_read_dr6
#define write_dr6	hardware_write_dr6
#define write_cr2	hardware_write_cr2
#define read_breakpoint hardware_read_breakpoint
#include_next <vmm/x86/asm.h>
#undef outb
#undef inb
#undef outw
#undef inw
#undef outl
#undef inl
#undef rdmsr
#undef wrmsr
#undef rdtsc
#undef cpuid
#undef read_cr0
#undef write_cr0
#undef read_cr2
#undef read_cr3
#undef write_cr3
#undef read_cr8
#undef write_cr8
#undef read_cr4
#undef write_cr4
#undef invlpg
#undef wbinvd
#undef current_cpu_id
#undef stac
#undef clac
#undef halt_forever
#undef xsetbv
#undef read_dr6
#undef write_dr6
#undef write_cr2
#undef read_breakpoint

void outb(u16 port, u8 v);
u8 inb(u16 port);
void outw(u16 port, u16 v);
u16 inw(u16 port);
void outl(u16 port, u32 v);
u32 inl(u16 port);
u64 rdmsr(u32 msr);
void wrmsr(u32 msr, u64 v);
u64 rdtsc(void);
struct cpuid_regs cpuid(u32 leaf, u32 subleaf);
u64 read_cr0(void);
void write_cr0(u64 v);
u64 read_cr2(void);
u64 read_cr3(void);
void write_cr3(u64 v);
u64 read_cr8(void);
void write_cr8(u64 v);
u64 read_cr4(void);
void write_cr4(u64 v);
void invlpg(const volatile void *va);
void wbinvd(void);
u32 current_cpu_id(void);
void stac(void);
void clac(void);
void halt_forever(void) __noreturn;
void xsetbv(u64 v);
u64 read_dr6(void);
void write_dr6(u64 v);
void write_cr2(u64 v);
u64 read_breakpoint(u32 number);

#endif
