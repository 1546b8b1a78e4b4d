// SPDX-License-Identifier: Apache-2.0
/*
 * What a shell cannot ask of the kernel or the processor:
 *
 *	power svm			prints 1 when CPUID shows SVM or VT-x, else 0
 *	power load KERNEL INITRD LINE	loads a kernel for `power kexec`
 *	power crash KERNEL INITRD LINE	loads a kernel for the case of a panic
 *	power kexec			starts the loaded kernel
 *	power snapshot			asks /dev/snapshot for hibernation and for suspend to RAM;
 *					prints the errors of both
 *	power inb PORT			prints what is read
 *	power outb|outw PORT VALUE	port writes, for what a kernel would not do by itself
 *	power pci DEVICE.FUNCTION REGISTER SIZE VALUE
 *					writes to PCI configuration of bus 0, by the ports; prints
 *the register's 32 bits as they are afterwards power ecam DEVICE.FUNCTION REGISTER SIZE VALUE the
 *same by a store to memory, where the MCFG table says it is power cmos INDEX [VALUE]	prints what
 *is there, and writes VALUE
 *	power warm STATUS		leaves code and a shutdown status that asks the firmware to
 *go on there after a reset: it says so and switches off
 *
 *	power int3			a breakpoint of its own, three times
 *
 * Ends with 0, or with the error's number.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <linux/suspend_ioctls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int virtualisation(void)
{
	unsigned int a, b, c, d, svm = 0, vmx = 0;

	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		svm = c >> 2 & 1;
	if (__get_cpuid(1, &a, &b, &c, &d))
		vmx = c >> 5 & 1;
	return svm | vmx;
}

static int load(char **args, unsigned long flags)
{
	int kernel = open(args[0], O_RDONLY), initrd = open(args[1], O_RDONLY);

	if (kernel < 0 || initrd < 0)
		return errno;
	return syscall(SYS_kexec_file_load, kernel, initrd, strlen(args[2]) + 1, args[2], flags)
		       ? errno
		       : 0;
}

static int snapshot(void)
{
	int in_suspend, image, ram, file = open("/dev/snapshot", O_RDONLY);

	if (file < 0 || ioctl(file, SNAPSHOT_FREEZE, 0))
		return errno;
	image = ioctl(file, SNAPSHOT_CREATE_IMAGE, &in_suspend) ? errno : 0;
	ram = ioctl(file, SNAPSHOT_S2RAM, 0) ? errno : 0;
	if (ioctl(file, SNAPSHOT_UNFREEZE, 0))
		return errno;
	printf("%d %d\n", image, ram);
	return 0;
}

static unsigned long number(const char *text)
{
	return strtoul(text, NULL, 0);
}

static int pci(char **args)
{
	char *function;
	const unsigned int device = strtoul(args[0], &function, 16);
	const unsigned int reg = number(args[1]), size = number(args[2]);
	const unsigned int value = number(args[3]);
	const unsigned short data = 0xcfc + (reg & 3);

	if (*function != '.' || iopl(3))
		return EINVAL;
	outl(0x80000000 | device << 11 | number(function + 1) << 8 | (reg & ~3u), 0xcf8);
	if (size == 1)
		outb(value, data);
	else if (size == 2)
		outw(value, data);
	else
		outl(value, data);
	printf("%08x\n", inl(0xcfc));
	return 0;
}

static int cmos(unsigned char index)
{
	outb(index, 0x70);
	return inb(0x71);
}

static void write_cmos(unsigned char index, unsigned char value)
{
	outb(index, 0x70);
	outb(value, 0x71);
}

/* A page of the machine's memory. */
static unsigned char *physical(unsigned long page)
{
	const int file = open("/dev/mem", O_RDWR);

	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, page & ~0xffful);
}

/* MCFG: PCI Firmware Specification 3.2, 4.1.2 */
static int ecam(char **args)
{
	const int file = open("/sys/firmware/acpi/tables/MCFG", O_RDONLY);
	const unsigned int reg = number(args[1]), size = number(args[2]);
	const unsigned long value = number(args[3]);
	unsigned long base;
	char *function;
	const unsigned long device = strtoul(args[0], &function, 16);
	volatile unsigned char *page, *at;

	if (*function != '.' || pread(file, &base, sizeof(base), 44) != sizeof(base))
		return EINVAL;
	page = physical(base + (device << 15 | number(function + 1) << 12));
	if (page == MAP_FAILED)
		return errno;
	at = page + reg;
	if (size == 1)
		*at = (unsigned char)value;
	else if (size == 2)
		*(volatile unsigned short *)at = (unsigned short)value;
	else if (size == 4)
		*(volatile unsigned int *)at = (unsigned int)value;
	else
		*(volatile unsigned long *)at = value;
	printf("%08x\n", *(volatile unsigned int *)(page + (reg & ~3u)));
	return 0;
}

/* The FACS's firmware_waking_vector, from the FADT (ACPI 6.4, tables 5.9 and 5.12). */
static unsigned char *waking_vector(void)
{
	const int file = open("/sys/firmware/acpi/tables/FACP", O_RDONLY);
	unsigned int facs;
	unsigned char *page;

	if (pread(file, &facs, sizeof(facs), 36) != sizeof(facs))
		return MAP_FAILED;
	page = physical(facs);
	return page == MAP_FAILED ? page : page + facs % 4096 + 12;
}

/*
 * A PC's firmware goes on at 40:67 after a reset with shutdown status 0Ah, and QEMU's clears that
 * one but not FEh, by which SeaBIOS knows that it is to wake the system at its waking vector.
 */
static int warm(unsigned char status)
{
	static const unsigned char code[] = {
		0xfa, 0x31, 0xc0, 0x8e, 0xd8,	    /* cli; xor ax, ax; mov ds, ax */
		0xbe, 0x1d, 0x06, 0xba, 0xf8, 0x03, /* mov si, text; mov dx, 3f8h */
		0xac, 0x84, 0xc0, 0x74, 0x03,	    /* next: lodsb; test al, al; jz off */
		0xee, 0xeb, 0xf8,		    /* out dx, al; jmp next */
		0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, /* off: mov dx, 604h; mov ax, 2000h */
		0xef, 0xf4, 0xeb, 0xfd,		    /* out dx, ax; hlt; jmp $-1 */
	};
	static const char text[] = "\r\nresult escaped 1\r\n";
	static const unsigned int where = 0x600;
	unsigned char *low = physical(0), *vector = waking_vector();

	if (low == MAP_FAILED || vector == MAP_FAILED || iopl(3))
		return errno ? errno : ENOENT;
	memcpy(low + where, code, sizeof(code));
	memcpy(low + where + sizeof(code), text, sizeof(text));
	memcpy(low + 0x467, &where, sizeof(where));
	memcpy(vector, &where, sizeof(where));
	write_cmos(0x8f, status);
	return 0;
}

static volatile sig_atomic_t traps;

static void on_trap(int signal)
{
	(void)signal;
	traps++;
}

static int breakpoints(void)
{
	signal(SIGTRAP, on_trap);
	for (int i = 0; i < 3; i++)
		__asm__ volatile("int3");
	return traps == 3 ? 0 : EFAULT;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "svm"))
		return printf("%d\n", virtualisation()) < 0;
	if (!strcmp(what, "load") && argc == 5)
		return load(argv + 2, 0);
	if (!strcmp(what, "crash") && argc == 5)
		return load(argv + 2, KEXEC_FILE_ON_CRASH);
	if (!strcmp(what, "kexec"))
		return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
			       LINUX_REBOOT_CMD_KEXEC, NULL)
			       ? errno
			       : 0;
	if (!strcmp(what, "snapshot"))
		return snapshot();
	if (!strcmp(what, "int3"))
		return breakpoints();
	if (!strcmp(what, "warm") && argc == 3)
		return warm(number(argv[2]));
	if (!strcmp(what, "ecam") && argc == 6)
		return ecam(argv + 2);
	if (!strcmp(what, "pci") && argc == 6)
		return pci(argv + 2);
	if (iopl(3))
		return errno;
	if (!strcmp(what, "outb") && argc == 4) {
		outb(number(argv[3]), number(argv[2]));
		return 0;
	}
	if (!strcmp(what, "outw") && argc == 4) {
		outw(number(argv[3]), number(argv[2]));
		return 0;
	}
	if (!strcmp(what, "inb") && argc == 3)
		return printf("%d\n", inb(number(argv[2]))) < 0;
	if (!strcmp(what, "cmos") && argc >= 3) {
		printf("%d\n", cmos(number(argv[2])));
		if (argc == 4)
			write_cmos(number(argv[2]), number(argv[3]));
		return 0;
	}
	fprintf(stderr, "power: unknown command\n");
	return EINVAL;
}
