// SPDX-License-Identifier: Apache-2.0
/*
 * `lvisor doctor`: a line for each thing that a run, a build or a test needs of this machine, with
 * what to change where it is not as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bochs.h"
#include "tools/doctor.h"
#include "tools/inputs.h"
#include "tools/message.h"

/* The oldest QEMU that the tests run with. */
#define QEMU_MAJOR 7
#define QEMU_MINOR 2

#define GUEST_MB    1024 /* --memory's default */
#define MIN_MB	    192
#define BUILD_MB    500 /* with the guest's kernel; the whole Debian takes most of the rest */
#define DEBIAN_MB   5000
#define BOCHS_MB    200
#define NEEDED_HEAD 0x268

/* --- the lines --- */

struct report {
	FILE *out;
	bool fit;
};

enum state { FINE, NOTE, NEEDED };

__attribute__((format(printf, 4, 5))) static void line(struct report *report, enum state state,
						       const char *what, const char *format, ...)
{
	static const char *const states[] = {[FINE] = "ok", [NOTE] = "note", [NEEDED] = "NO"};
	va_list args;

	fprintf(report->out, "%-5s%-10s", states[state], what);
	va_start(args, format);
	vfprintf(report->out, format, args);
	va_end(args);
	fputc('\n', report->out);
	if (state == NEEDED)
		report->fit = false;
}

static void qemu_line(struct report *report, const struct facts *facts)
{
	const char *words = facts->qemu_version ? strstr(facts->qemu_version, "version ") : NULL;
	unsigned int major, minor;

	if (!facts->qemu)
		line(report, NEEDED, "QEMU",
		     "not installed; on Debian: apt-get install qemu-system-x86");
	else if (!words || sscanf(words, "version %u.%u", &major, &minor) != 2)
		line(report, NEEDED, "QEMU", "%s --version says nothing of use: install it anew",
		     facts->qemu);
	else if (major < QEMU_MAJOR || (major == QEMU_MAJOR && minor < QEMU_MINOR))
		line(report, NOTE, "QEMU",
		     "%u.%u (%s): tested with %d.%d and later, take a newer one", major, minor,
		     facts->qemu, QEMU_MAJOR, QEMU_MINOR);
	else
		line(report, FINE, "QEMU", "%u.%u (%s)", major, minor, facts->qemu);
}

static void kvm_line(struct report *report, const struct kvm *kvm)
{
	char problem[256];

	if (kvm_problem(kvm, problem, sizeof(problem)))
		line(report, NOTE, "KVM", "%s; until then guests are emulated, which is slow",
		     problem);
	else
		line(report, FINE, "KVM",
		     "gives guests %s, and `lvisor run` takes it; --accel tcg does without",
		     kvm->svm ? "AMD SVM" : "Intel VT-x");
}

static void kernel_line(struct report *report, const struct facts *facts)
{
	if (facts->kernel)
		line(report, FINE, "kernel", "%s can be a guest's (--kernel)", facts->kernel);
	else
		line(report, NOTE, "kernel", "none to boot in /boot (%s); `make guest` gets one",
		     facts->kernel_problem ? facts->kernel_problem : "there is no vmlinuz");
}

static void memory_lines(struct report *report, const struct facts *facts)
{
	if (facts->memfd_error)
		line(report, NEEDED, "memfd",
		     "a file in memory of %d MB, the guest's, cannot be made: %s", GUEST_MB,
		     strerror(facts->memfd_error));
	else
		line(report, FINE, "memfd", "a guest's memory can be shared with QEMU");
	if (facts->memory_mb < MIN_MB)
		line(report, NEEDED, "memory", "%llu MB are free, a guest needs %d: end something",
		     facts->memory_mb, MIN_MB);
	else if (facts->memory_mb < GUEST_MB + MIN_MB)
		line(report, NOTE, "memory",
		     "%llu MB are free, a guest takes %d: say less (--memory), or end something",
		     facts->memory_mb, GUEST_MB);
	else
		line(report, FINE, "memory", "%llu MB are free, a guest takes %d (--memory)",
		     facts->memory_mb, GUEST_MB);
}

static void space_line(struct report *report, const struct facts *facts)
{
	if (facts->space_mb < BUILD_MB)
		line(report, NOTE, "space",
		     "%llu MB are free here, a build and its tests take %d: make room",
		     facts->space_mb, BUILD_MB);
	else if (facts->space_mb < DEBIAN_MB)
		line(report, NOTE, "space",
		     "%llu MB are free here, `make guest-disk` takes %d: make room for it",
		     facts->space_mb, DEBIAN_MB);
	else
		line(report, FINE, "space", "%llu MB are free here", facts->space_mb);
	if (facts->tmp_mb < BOCHS_MB)
		line(report, NOTE, "/tmp", "%llu MB are free, a run in Bochs takes %d: make room",
		     facts->tmp_mb, BOCHS_MB);
}

bool doctor_report(const struct facts *facts, FILE *out)
{
	struct report report = {out, true};

	if (facts->missing_build)
		line(&report, NEEDED, "LVisor", "%s is not there: build it with make",
		     facts->missing_build);
	else
		line(&report, FINE, "LVisor", "hypervisor and engine are built");
	qemu_line(&report, facts);
	kvm_line(&report, &facts->kvm);
	if (*facts->bochs_missing)
		line(&report, NOTE, "Bochs", "for Intel VT-x without KVM: apt-get install%s",
		     facts->bochs_missing);
	else
		line(&report, FINE, "Bochs", "installed: Intel VT-x without KVM (--vendor intel)");
	kernel_line(&report, facts);
	memory_lines(&report, facts);
	space_line(&report, facts);
	line(&report, facts->cpus > 1 ? FINE : NOTE, "CPUs",
	     facts->cpus > 1 ? "%u: `make check` takes 30 minutes with two"
			     : "%u: tests take twice the time that docs/testing.md tells",
	     facts->cpus);
	if (facts->packages_missing && *facts->packages_missing)
		line(&report, NOTE, "packages", "for building and testing: apt-get install %s",
		     facts->packages_missing);
	else if (facts->packages_missing)
		line(&report, FINE, "packages", "all there that building and testing need");
	return report.fit;
}

/* --- the facts --- */

/* What a command prints, to the end of its first line; the caller frees it. NULL: it failed. */
static char *output_of(const char *const *command)
{
	char *text = NULL;
	size_t size = 0;
	int pipes[2], status = -1;
	FILE *file;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return NULL;
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		execv(command[0], (char *const *)command);
		_exit(127);
	}
	close(pipes[1]);
	file = fdopen(pipes[0], "r");
	if (!file || getline(&text, &size, file) < 0) {
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file); /* a long answer ends by SIGPIPE, which says nothing against it */
	else
		close(pipes[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status)) {
		free(text);
		return NULL;
	}
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text ? text : must_alloc(strdup(""));
}

static const char *missing_build(void)
{
	static const char *const files[] = {"lvisor.bin", "engine"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = beside_us(files[i]);
		const bool there = access(path, R_OK) == 0;

		free(path);
		if (!there)
			return files[i];
	}
	return NULL;
}

static const char *why_no_kernel(const char *path)
{
	unsigned char head[NEEDED_HEAD];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *problem = fd < 0 ? strerror(errno) : NULL;
	ssize_t size;

	if (fd < 0)
		return problem;
	size = read(fd, head, sizeof(head));
	close(fd);
	return size < 0 ? strerror(errno) : kernel_problem(head, (unsigned long)size);
}

/* The last by name that can be booted. */
static void look_for_kernel(struct facts *facts)
{
	static char reason[512];
	char *built = beside_us("guest/vmlinuz");
	glob_t found = {0};

	if (!why_no_kernel(built)) {
		facts->kernel = built;
		return;
	}
	free(built);
	if (glob("/boot/vmlinuz*", 0, NULL, &found) != 0)
		return;
	for (size_t i = found.gl_pathc; i-- > 0 && !facts->kernel;) {
		const char *problem = why_no_kernel(found.gl_pathv[i]);

		if (!problem)
			facts->kernel = must_alloc(strdup(found.gl_pathv[i]));
		else if (!*reason)
			snprintf(reason, sizeof(reason), "%s: %s", found.gl_pathv[i], problem);
	}
	facts->kernel_problem = *reason ? reason : NULL;
	globfree(&found);
}

static unsigned long long available_mb(void)
{
	unsigned long long kilobytes = 0;
	FILE *file = fopen("/proc/meminfo", "re");
	char text[128];

	while (file && fgets(text, sizeof(text), file) &&
	       sscanf(text, "MemAvailable: %llu", &kilobytes) != 1)
		continue;
	if (file)
		fclose(file);
	return kilobytes >> 10;
}

static unsigned long long free_mb(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) < 0 ? 0 : (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
}

static int try_memfd(void)
{
	int fd = memfd_create("guest-ram", MFD_CLOEXEC);
	int error = fd < 0 || ftruncate(fd, (off_t)GUEST_MB << 20) < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

static char *missing_packages(void)
{
	char *script = beside_us("../tools/deps.sh"), *names;

	names = output_of((const char *const[]){"/bin/sh", script, "--missing", "build", "guest",
						"disk", "bochs", "test", "fuzz", "style", NULL});
	free(script);
	return names;
}

int doctor_main(int argc, char **argv)
{
	char *folder = beside_us("");
	struct facts facts = {
		.missing_build = missing_build(),
		.qemu = find_program(QEMU_PROGRAM),
		.bochs_missing = bochs_missing(),
		.kvm = kvm_ask(),
		.cpus = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
		.memory_mb = available_mb(),
		.space_mb = free_mb(folder),
		.tmp_mb = free_mb("/tmp"),
		.memfd_error = try_memfd(),
		.packages_missing = missing_packages(),
	};

	free(folder);
	if (argc > 1) {
		complain("doctor: unexpected argument '%s'", argv[1]);
		return 1;
	}
	if (facts.qemu)
		facts.qemu_version =
			output_of((const char *const[]){facts.qemu, "--version", NULL});
	look_for_kernel(&facts);
	return doctor_report(&facts, stdout) ? 0 : 1;
}
