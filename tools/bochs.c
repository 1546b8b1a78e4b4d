// SPDX-License-Identifier: Apache-2.0
/*
 * The machine in Bochs: a PC that boots GRUB from a CD image, which loads what QEMU would load by
 * itself. Bochs takes its inputs by name only, so a run has a private folder, removed at its end.
 *
 * The guest's console is a pseudo-terminal, the hypervisor's log channel is Bochs's standard output
 * (its port 0xe9), and what Bochs has to say is its standard error. Bochs cannot share the guest's
 * memory: events come on the log channel too (vmm option drain=port).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tools/bochs.h"
#include "tools/message.h"

/* Where Debian's packages bochsbios and vgabios put them. */
#define BIOS	"/usr/share/bochs/BIOS-bochs-latest"
#define VGABIOS "/usr/share/vgabios/vgabios.bin"

/*
 * The hypervisor needs SMAP, which Haswell lacks; later models than these stop Linux by themselves.
 */
#define MODEL_INTEL "broadwell_ult"
#define MODEL_AMD   "ryzen"
/* Waiting with MWAITX, as Linux does on this model, never ends in Bochs: feature 6 * 32 + 29. */
#define WORDS_AMD " clearcpuid=221"

/* Instructions in a second of the guest's time: it is slower than real time if Bochs is. */
#define FIXED_TIME "1704067200" /* 2024-01-01, with --repeatable */
#define IPS	   50000000

static const char *const FILES[] = {
	"iso/boot/vmlinuz", "iso/boot/initrd",	"iso/boot/lvisor.bin",
	"iso/boot/engine",  "iso/boot/sig.tar", "iso/boot/grub/grub.cfg",
	"iso/boot/grub",    "iso/boot",		"iso",
	"boot.iso",	    "bochsrc",		"start.rc",
};

static char folder[] = "/tmp/lvisor-XXXXXX";
static bool have_folder;

const char *bochs_missing(void)
{
	static const struct {
		const char *program, *file, *package;
	} needed[] = {
		{BOCHS_PROGRAM, NULL, "bochs"},
		{NULL, BIOS, "bochsbios"},
		{NULL, VGABIOS, "vgabios"},
		{NULL, "/usr/lib/grub/i386-pc", "grub-pc-bin"},
		{"grub-mkrescue", NULL, "grub-common"},
		{"xorriso", NULL, "xorriso"},
		{"mformat", NULL, "mtools"},
	};
	static char names[128];

	names[0] = '\0';
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		char *path = needed[i].program ? find_program(needed[i].program) : NULL;

		if (!path && !(needed[i].file && access(needed[i].file, R_OK) == 0)) {
			strcat(names, " ");
			strcat(names, needed[i].package);
		}
		free(path);
	}
	return names;
}

bool bochs_check(const struct run_options *options)
{
	const char *missing = bochs_missing();

	if (options->qemu_args[0]) {
		complain("'%s': arguments for QEMU mean nothing to Bochs, which this run needs",
			 options->qemu_args[0]);
		return false;
	}
	if (options->disk_count || options->net) {
		complain("%s: Bochs has no virtio devices; this run needs Bochs, which gives the "
			 "guest neither disk nor network",
			 options->disk_count ? "--disk" : "--net");
		return false;
	}
	/*
	 * SVM there is a second opinion; with two processors the second meets a triple fault so far
	 */
	if (options->cpus > 1 && !options->intel) {
		complain("--cpus %u: with --vendor amd, one processor only in Bochs so far",
			 options->cpus);
		return false;
	}
	if (*missing)
		complain("Bochs or what it boots with is not installed; on Debian: apt-get "
			 "install%s",
			 missing);
	return !*missing;
}

/* --- files --- */

static FILE *create(const char *name)
{
	char path[sizeof(folder) + 64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wex");
	if (!file)
		complain("%s: %s", path, strerror(errno));
	return file;
}

static bool finish(FILE *file)
{
	bool good = !ferror(file);

	if (fclose(file) != 0)
		good = false;
	if (!good)
		complain("%s: %s", folder, strerror(errno));
	return good;
}

static bool copy(int fd, const char *name)
{
	char buffer[65536];
	off_t offset = 0;
	ssize_t got;
	FILE *file;

	if (fd < 0)
		return true;
	file = create(name);
	if (!file)
		return false;
	while ((got = pread(fd, buffer, sizeof(buffer), offset)) > 0) {
		fwrite(buffer, 1, (size_t)got, file);
		offset += got;
	}
	return finish(file) && got == 0;
}

/* GRUB's language: what is not certainly harmless is escaped. */
static void put_escaped(FILE *file, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\\"'$;&|<>{}#!()[]*?~`", *text))
			fputc('\\', file);
		fputc(*text, file);
	}
}

static bool write_menu(const struct run_inputs *inputs, const struct run_options *options)
{
	/* the UART's own default is slow enough to lose a guest's last words at power-off */
	char *line = guest_command_line(options->append, "ttyS0,115200");
	char *vmm_line = vmm_command_line(options->vmm_options, 1000);
	FILE *file = create("iso/boot/grub/grub.cfg");

	if (!file)
		return false;
	fputs("set timeout=0\nmenuentry guest {\n", file);
	if (options->plain) {
		fputs("linux /boot/vmlinuz ", file);
		put_escaped(file, line);
		fputs(options->intel ? "" : WORDS_AMD, file);
		if (inputs->initrd >= 0)
			fputs("\ninitrd /boot/initrd", file);
	} else {
		fputs("multiboot /boot/lvisor.bin drain=port ", file);
		put_escaped(file, vmm_line);
		fputs("\nmodule --nounzip /boot/vmlinuz @kernel ", file);
		put_escaped(file, line);
		fputs(options->intel ? "" : WORDS_AMD, file);
		if (inputs->initrd >= 0)
			fputs("\nmodule --nounzip /boot/initrd @initrd", file);
		if (inputs->engine >= 0)
			fputs("\nmodule --nounzip /boot/engine @engine"
			      "\nmodule --nounzip /boot/sig.tar @signatures",
			      file);
	}
	fputs("\n}\n", file);
	free(line);
	free(vmm_line);
	return finish(file);
}

static bool write_configuration(const struct run_options *options, const char *console)
{
	FILE *file = create("bochsrc"), *commands = create("start.rc");

	if (!file || !commands)
		return false;
	/* a build with debugger stops at its prompt unless told to continue */
	fputs("c\n", commands);
	fprintf(file,
		"config_interface: textconfig\n"
		"display_library: rfb, options=\"timeout=0,hideIPS\"\n"
		"romimage: file=" BIOS "\n"
		"vgaromimage: file=" VGABIOS "\n"
		"cpu: model=%s, count=%u, ips=%d, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
		"megs: %u\n"
		"pci: enabled=1, chipset=i440fx\n"
		"ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
		"ata0-master: type=cdrom, path=boot.iso, status=inserted\n"
		"boot: cdrom\n"
		"com1: enabled=1, mode=term, dev=%s\n"
		"clock: sync=none, time0=%s\n"
		"log: /dev/stderr\n"
		"panic: action=fatal\n"
		"error: action=ignore\n"
		"info: action=report\n"
		"debug: action=ignore\n"
		"sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy\n"
		"speaker: enabled=0\n"
		"port_e9_hack: enabled=1\n"
		"vga: extension=vbe, update_freq=1, realtime=0\n",
		options->intel ? MODEL_INTEL : MODEL_AMD, options->cpus, IPS, options->memory_mb,
		console, options->repeatable ? FIXED_TIME : "utc");
	return finish(file) && finish(commands);
}

static bool make_folders(void)
{
	static const char *const names[] = {"iso", "iso/boot", "iso/boot/grub"};
	char path[sizeof(folder) + 32];

	if (!mkdtemp(folder)) {
		complain("%s: %s", folder, strerror(errno));
		return false;
	}
	have_folder = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		if (mkdir(path, 0700) < 0) {
			complain("%s: %s", path, strerror(errno));
			return false;
		}
	}
	return true;
}

void bochs_remove_files(void)
{
	char path[sizeof(folder) + 64];

	if (!have_folder)
		return;
	for (size_t i = 0; i < sizeof(FILES) / sizeof(FILES[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, FILES[i]);
		remove(path);
	}
	remove(folder);
	have_folder = false;
}

/* --- programs --- */

static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static bool make_image(bool repeatable)
{
	char log[sizeof(folder) + 16], text[512] = "";
	int status = 0, null, out;
	FILE *file;
	pid_t pid;

	snprintf(log, sizeof(log), "%s/bochsrc", folder); /* written over later */
	pid = fork();
	if (pid == 0) {
		reset_signals();
		null = open("/dev/null", O_RDWR);
		out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		if (null < 0 || out < 0 || chdir(folder) < 0 || dup2(null, STDIN_FILENO) < 0 ||
		    dup2(null, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
			_exit(127);
		if (repeatable)
			setenv("SOURCE_DATE_EPOCH", FIXED_TIME, 1);
		execlp("grub-mkrescue", "grub-mkrescue", "-o", "boot.iso", "iso", NULL);
		_exit(127);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && status == 0) {
		remove(log);
		return true;
	}
	file = fopen(log, "re");
	while (file && fgets(text, sizeof(text), file))
		;
	text[strcspn(text, "\n")] = '\0';
	complain("grub-mkrescue could not make the CD image: %s", text);
	if (file)
		fclose(file);
	return false;
}

static _Noreturn void become_bochs(const char *program, pid_t parent, int log, int errors,
				   bool repeatable)
{
	int null;
	char *preload = beside_us("fixed_time.so");

	/* killed with us, even if we are killed before this line has run */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	reset_signals();
	setenv("LVISOR_FIXED_TIME", FIXED_TIME, 1);
	/* Bochs shows the screen to whoever connects to port 5900: let nobody, where that can be
	 * had */
	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		/* then not */
	}
	if (repeatable)
		setenv("LD_PRELOAD", preload, 1);
	null = open("/dev/null", O_RDWR);
	if (null < 0 || chdir(folder) < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(log, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0)
		_exit(127);
	execl(program, program, "-q", "-f", "bochsrc", "-rc", "start.rc", NULL);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

/*
 * The guest's end keeps its name; ours is the master. A slave stays open, or reading it would end.
 */
static int open_console(char *name, size_t size)
{
	struct termios raw;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
	    ptsname_r(master, name, size) != 0)
		return -1;
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &raw) < 0)
		return -1;
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK);
	/* cppcheck-suppress resourceLeak */
	return master;
}

bool bochs_start(struct emulator *machine, const struct run_inputs *inputs,
		 const struct run_options *options)
{
	const pid_t parent = getpid();
	char console[64];
	int log[2], errors[2];

	machine->console = open_console(console, sizeof(console));
	if (machine->console < 0 || pipe2(log, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) {
		complain("channels to the emulator: %s", strerror(errno));
		return false;
	}
	if (!make_folders() || !copy(inputs->kernel, FILES[0]) || !copy(inputs->initrd, FILES[1]) ||
	    !copy(inputs->vmm, FILES[2]) || !copy(inputs->engine, FILES[3]) ||
	    !copy(inputs->archive, FILES[4]) || !write_menu(inputs, options) ||
	    !make_image(options->repeatable) || !write_configuration(options, console)) {
		bochs_remove_files();
		return false;
	}
	machine->pid = fork();
	if (machine->pid == 0)
		become_bochs(inputs->qemu, parent, log[1], errors[1], options->repeatable);
	close(log[1]);
	close(errors[1]);
	if (machine->pid < 0) {
		complain("starting %s: %s", inputs->qemu, strerror(errno));
		bochs_remove_files();
		return false;
	}
	machine->log = log[0];
	machine->errors = errors[0];
	return true;
}

/* --- what it says --- */

enum bochs_message bochs_message(const char *line)
{
	static unsigned int resets;

	if (strstr(line, "ACPI control: soft power off") || strstr(line, "Shutdown port"))
		return BOCHS_POWERED_OFF;
	/* the first is the power switch */
	if (strstr(line, "bx_pc_system_c::Reset(") && resets++ > 0)
		return BOCHS_RESTARTED;
	return strstr(line, ">>PANIC<<") ? BOCHS_PANIC : BOCHS_CHATTER;
}

bool bochs_banner(const char *line)
{
	static const char *const starts[] = {"=====", "Bochs x86 Emulator", "Built from SVN",
					     "Timestamp: ", "Next at t="};
	unsigned int cpu;
	char bracket;

	line += strspn(line, " ");
	/* its debugger tells where each processor begins and ends */
	if (sscanf(line, "(%u)%*1[ .]%c", &cpu, &bracket) == 2 && bracket == '[')
		return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (strncmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	}
	return false;
}
