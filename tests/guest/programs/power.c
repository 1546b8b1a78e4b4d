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
 *	power outw PORT VALUE		port writes, for what a kernel would not do by itself
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
	if (!strcmp(what, "outw") && argc == 4) {
		if (iopl(3))
			return errno;
		outw((unsigned short)strtoul(argv[3], NULL, 0),
		     (unsigned short)strtoul(argv[2], NULL, 0));
		return 0;
	}
	fprintf(stderr, "power: unknown command\n");
	return EINVAL;
}
