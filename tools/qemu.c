// SPDX-License-Identifier: Apache-2.0
/*
 * The machine: a PC whose memory is a file we share, LVisor's image as multiboot kernel, and the
 * guest's kernel, its initrd, the engine and the signatures as multiboot modules. All files are
 * handed down open, and nothing of a run stays behind on the disk, however it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/accel.h"
#include "tools/message.h"
#include "tools/qemu.h"

struct words {
	char **list;
	size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	va_list args;
	char *word;

	va_start(args, format);
	if (vasprintf(&word, format, args) < 0)
		word = NULL;
	va_end(args);
	words->list = must_alloc(realloc(words->list, (words->count + 2) * sizeof(*words->list)));
	words->list[words->count++] = must_alloc(word);
	words->list[words->count] = NULL;
}

char *quote_commas(const char *text)
{
	char *quoted = must_alloc(malloc(2 * strlen(text) + 1));
	char *out = quoted;

	for (; *text; text++) {
		*out++ = *text;
		if (*text == ',')
			*out++ = ',';
	}
	*out = '\0';
	return quoted;
}

static bool has_word_with(const char *text, const char *prefix)
{
	const size_t length = strlen(prefix);

	for (const char *at = text; (at = strstr(at, prefix)); at += length) {
		if (at == text || at[-1] == ' ')
			return true;
	}
	return false;
}

char *guest_command_line(const char *append, const char *console)
{
	char *line;

	if (!append)
		append = "";
	if (asprintf(&line, "%s%s%s%s", append, *append ? " " : "",
		     has_word_with(append, "console=") ? "" : "console=",
		     has_word_with(append, "console=") ? "" : console) < 0)
		line = NULL;
	line = must_alloc(line);
	if (*line && line[strlen(line) - 1] == ' ')
		line[strlen(line) - 1] = '\0';
	return line;
}

/*
 * The hypervisor's default time for one event is meant for a processor. An emulated one is an order
 * of magnitude slower and, on a busy machine, stands still for tens of milliseconds now and then.
 */
char *vmm_command_line(const char *options, unsigned int budget_ms)
{
	char budget[32] = "", *line;

	if (!options)
		options = "";
	if (budget_ms && !has_word_with(options, "budget="))
		snprintf(budget, sizeof(budget), "budget=%u", budget_ms);
	if (asprintf(&line, "%s%s%s", options, *options ? " " : "", budget) < 0)
		line = NULL;
	return must_alloc(line);
}

/* The roles of the modules are told to the vmm by the word that starts with '@'. */
static void add_modules(struct words *words, const struct run_inputs *inputs, const char *line)
{
	char *modules, *quoted = quote_commas(line), *initrd = NULL, *watching = NULL;

	if (inputs->initrd >= 0 &&
	    asprintf(&initrd, ",/proc/self/fd/%d @initrd", inputs->initrd) < 0)
		must_alloc(NULL);
	if (inputs->engine >= 0 &&
	    asprintf(&watching, ",/proc/self/fd/%d @engine,/proc/self/fd/%d @signatures",
		     inputs->engine, inputs->archive) < 0)
		must_alloc(NULL);
	if (asprintf(&modules, "/proc/self/fd/%d @kernel %s%s%s", inputs->kernel, quoted,
		     initrd ? initrd : "", watching ? watching : "") < 0)
		modules = must_alloc(NULL);
	add(words, "-initrd");
	add(words, "%s", modules);
	free(modules);
	free(initrd);
	free(watching);
	free(quoted);
}

static void add_disk(struct words *words, const struct disk *disk)
{
	char *path = quote_commas(disk->path);

	add(words, "-drive");
	/* what is thrown away need not reach the host's disk */
	add(words, "file=%s,if=virtio,format=%s,%s", path, disk->qcow2 ? "qcow2" : "raw",
	    disk->write ? "snapshot=off" : "snapshot=on,cache=unsafe");
	free(path);
}

static void compose(struct words *words, const struct run_inputs *inputs,
		    const struct run_options *options, int console, int log)
{
	char *line = guest_command_line(options->append, "ttyS0");
	char *vmm_line =
		vmm_command_line(options->vmm_options, options->accel == ACCEL_KVM ? 0 : 250);

	add(words, "%s", inputs->qemu);
	add(words, "-M");
	add(words, "pc,smm=off,memory-backend=ram");
	add(words, "-object");
	add(words, "memory-backend-file,id=ram,size=%uM,share=on,mem-path=/proc/self/fd/%d",
	    options->memory_mb, inputs->ram);
	add(words, "-m");
	add(words, "%u", options->memory_mb);
	add(words, "-smp");
	add(words, "%u", options->cpus);
	/* the first -accel that can start wins, so ours must not stand before another */
	if (!names_accelerator(options->qemu_args)) {
		add(words, "-accel");
		add(words, "%s", accel_name(options));
	}
	add(words, "-cpu");
	add(words, "%s", accel_cpu(options));
	add(words, "-nodefaults");
	add(words, "-display");
	add(words, "none");
	add(words, "-no-reboot");
	add(words, "-chardev");
	add(words, "socket,id=console,fd=%d", console);
	add(words, "-serial");
	add(words, "chardev:console");
	if (options->plain) {
		add(words, "-kernel");
		add(words, "/proc/self/fd/%d", inputs->kernel);
		add(words, "-append");
		add(words, "%s", line);
		if (inputs->initrd >= 0) {
			add(words, "-initrd");
			add(words, "/proc/self/fd/%d", inputs->initrd);
		}
	} else {
		add(words, "-chardev");
		add(words, "socket,id=log,fd=%d", log);
		add(words, "-device");
		add(words, "isa-debugcon,iobase=0xe9,chardev=log");
		add(words, "-kernel");
		add(words, "/proc/self/fd/%d", inputs->vmm);
		add(words, "-append");
		add(words, "%s", vmm_line);
		add_modules(words, inputs, line);
	}
	for (size_t i = 0; i < options->disk_count; i++)
		add_disk(words, &inputs->disks[i]);
	if (options->net) {
		add(words, "-nic");
		add(words, "%s,model=virtio-net-pci", options->net);
	}
	for (char **arg = options->qemu_args; *arg; arg++)
		add(words, "%s", *arg);
	free(vmm_line);
	free(line);
}

static void show(const struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		const char *word = words->list[i];
		const bool quote = !*word || strpbrk(word, " ,;&|<>()$`\\\"'*?[#~");

		fprintf(stderr, "%s%s%s%s", i ? " " : "", quote ? "'" : "", word, quote ? "'" : "");
	}
	fputc('\n', stderr);
}

static void keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

static _Noreturn void become_qemu(const struct run_inputs *inputs, char **args, pid_t parent,
				  const int keep[2], int errors)
{
	const int files[] = {inputs->kernel,  inputs->initrd, inputs->vmm, inputs->engine,
			     inputs->archive, inputs->ram,    keep[0],	   keep[1]};
	sigset_t none;
	int null;

	/* killed with us, even if we are killed before this line has run */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	/* Ctrl-C is ours to handle: QEMU shall not end before the last events are read */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		keep_open(files[i]);
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(errors, STDERR_FILENO) < 0)
		_exit(127);
	execv(args[0], args);
	dprintf(STDERR_FILENO, "%s: %s\n", args[0], strerror(errno));
	_exit(127);
}

bool qemu_start(struct emulator *emulator, const struct run_inputs *inputs,
		const struct run_options *options)
{
	const pid_t parent = getpid();
	struct words words = {NULL, 0};
	int console[2], log[2], errors[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, log) < 0 ||
	    pipe2(errors, O_CLOEXEC) < 0) {
		complain("channels to the emulator: %s", strerror(errno));
		return false;
	}
	compose(&words, inputs, options, console[1], log[1]);
	if (options->verbose)
		show(&words);
	emulator->pid = fork();
	if (emulator->pid == 0)
		become_qemu(inputs, words.list, parent, (const int[]){console[1], log[1]},
			    errors[1]);
	close(console[1]);
	close(log[1]);
	close(errors[1]);
	for (size_t i = 0; i < words.count; i++)
		free(words.list[i]);
	free(words.list);
	if (emulator->pid < 0) {
		complain("starting %s: %s", inputs->qemu, strerror(errno));
		return false;
	}
	emulator->console = console[0];
	emulator->log = log[0];
	emulator->errors = errors[0];
	return true;
}
