// SPDX-License-Identifier: Apache-2.0
/*
 * `lvisor run`: starts the machine and stands between it and the person until it ends. One loop
 * listens to the guest's console, the hypervisor's log channel, QEMU's own messages, the keyboard
 * and signals, and looks into the event ring whenever the doorbell rang or 50 ms have passed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/accel.h"
#include "tools/bochs.h"
#include "tools/events.h"
#include "tools/log.h"
#include "tools/message.h"
#include "tools/qemu.h"
#include "tools/ring.h"
#include "tools/run.h"
#include "tools/symbols.h"

#define POLL_MS 50
/* How long QEMU may take to end when asked, before it is killed. */
#define PATIENCE_MS 3000

#define EXIT_TIMEOUT 124

enum { FD_SIGNAL, FD_CONSOLE, FD_LOG, FD_ERRORS, FD_STDIN, FD_COUNT };

struct run {
	struct run_options options;
	struct run_inputs inputs;
	struct emulator emulator;
	struct screen screen;
	struct event_output events;
	struct dump_store dumps;
	struct log_parser log;
	struct ring_reader ring;
	FILE *log_file;
	void *ram;
	uint64_t ram_size;
	uint64_t ring_gpa, ring_size; /* as announced; size 0: not yet */
	const char *ring_problem;
	struct pollfd fds[FD_COUNT];
	char typed[4096]; /* for the guest, not yet taken by QEMU */
	size_t typed_size;
	char error_line[1024];
	size_t error_size;
	bool complained;   /* QEMU did */
	bool drained;	   /* events come on the log channel */
	bool good_end;	   /* Bochs told of one */
	char reason[1024]; /* why we ended the guest; empty: it ended itself */
	int exit_code;
	int status; /* of QEMU, when ended */
	bool ended;
	uint64_t killed_at_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Ends the guest for a reason of ours; the first reason is the one that is told. */
__attribute__((format(printf, 3, 4))) static void stop(struct run *run, int exit_code,
						       const char *format, ...)
{
	va_list args;

	if (run->killed_at_ms || run->ended)
		return;
	if (!run->reason[0]) {
		va_start(args, format);
		vsnprintf(run->reason, sizeof(run->reason), format, args);
		va_end(args);
		run->exit_code = exit_code;
	}
	run->killed_at_ms = now_ms();
	kill(run->emulator.pid, SIGTERM);
}

static const char *way_out(const struct run *run)
{
	return run->options.accel == ACCEL_KVM ? "; --accel tcg does without KVM" : "";
}

/* It did what no processor does, so that the machine's reset, which follows, is not the guest's. */
static void emulator_failed(struct run *run, const char *what)
{
	const struct run_options *options = &run->options;

	if (run->reason[0])
		return;
	snprintf(run->reason, sizeof(run->reason),
		 "a fault of %s ended the run, the guest did not end by itself: %.500s%s",
		 options->bochs ? "Bochs" : "QEMU", what,
		 options->tcg_multi ? "; --tcg single avoids the one that is known" : "");
	run->exit_code = 1;
}

/* --- the log channel --- */

static void log_line(void *context, enum log_kind kind, const char *text)
{
	static const char *const prefixes[] = {
		[LOG_TEXT] = "",	 [LOG_REFUSED] = "refused: ",
		[LOG_FATAL] = "fatal: ", [LOG_EMULATOR] = "emulator: ",
		[LOG_CRASH] = "",
	};
	struct run *run = context;
	char clean[2048];

	if (run->options.bochs && bochs_banner(text))
		return;
	make_printable(clean, sizeof(clean), text, strlen(text));
	if (run->log_file) {
		fprintf(run->log_file, "%s%s\n", prefixes[kind], clean);
		fflush(run->log_file);
	}
	if (kind == LOG_FATAL)
		stop(run, 1, "LVisor cannot run this guest: %s%s", clean, way_out(run));
	else if (kind == LOG_EMULATOR)
		emulator_failed(run, clean);
	else if (kind == LOG_REFUSED)
		event_refused(&run->events, clean);
	else if (kind == LOG_CRASH)
		screen_message(&run->screen, STYLE_ERROR, "crash", clean);
	else if (run->options.verbose)
		screen_message(&run->screen, STYLE_DIM, "lvisor", clean);
}

static void log_crash_end(void *context)
{
	const struct run *run = context;

	stop(context, 1, "LVisor crashed; lvisor crash %s explains the record above",
	     run->options.log ? run->options.log : "LOG (of a run with --log LOG)");
}

static void log_ring(void *context, uint64_t gpa, uint64_t size)
{
	struct run *run = context;

	run->ring_gpa = gpa;
	run->ring_size = size;
	run->ring.ring = NULL;
}

static void log_event(void *context, const char *text, size_t size)
{
	struct run *run = context;

	run->drained = true;
	if (size)
		event_record(&run->events, text, size);
}

/* --- the event ring --- */

static void drain_ring(struct run *run)
{
	enum ring_result result;
	struct ring_event event;

	if (!run->ring.ring && run->ring_size && !run->options.bochs) {
		/* announced, but perhaps not filled in yet: tried again until the end */
		run->ring_problem = ring_attach(&run->ring, run->ram, run->ram_size, run->ring_gpa,
						run->ring_size);
	}
	while ((result = ring_next(&run->ring, &event)) != RING_EMPTY) {
		if (result == RING_BROKEN) {
			event_damaged(&run->events);
			return; /* not to stay here for ever if it is damaged again and again */
		}
		if (event.lost)
			event_lost(&run->events, event.lost);
		event_record(&run->events, event.text, event.size);
		ring_done(&run->ring);
		free(event.text);
	}
}

/* --- QEMU's own messages --- */

static void bochs_line(struct run *run, const char *line)
{
	enum bochs_message message = bochs_message(line);

	if (message == BOCHS_POWERED_OFF || message == BOCHS_RESTARTED)
		run->good_end = true;
	if (message == BOCHS_RESTARTED && !run->killed_at_ms && !run->ended) {
		run->killed_at_ms = now_ms(); /* as QEMU's -no-reboot */
		kill(run->emulator.pid, SIGTERM);
	}
	if (message == BOCHS_PANIC && !run->killed_at_ms)
		screen_message(&run->screen, STYLE_ERROR, "bochs", line);
}

static void error_line(struct run *run)
{
	char clean[2048];

	make_printable(clean, sizeof(clean), run->error_line, run->error_size);
	run->error_size = 0;
	if (run->options.bochs) {
		bochs_line(run, clean);
		return;
	}
	if (run->killed_at_ms && strstr(clean, "terminating on signal"))
		return;
	/* -cpu EPYC has features that TCG lacks, and QEMU lists each; nobody can mend that */
	if (!run->options.verbose && strstr(clean, "TCG doesn't support requested feature"))
		return;
	run->complained = true;
	screen_message(&run->screen, STYLE_ERROR, "qemu", clean);
}

static void error_feed(struct run *run, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n')
			run->error_line[run->error_size++] = data[i];
		if (data[i] == '\n' || run->error_size == sizeof(run->error_line))
			error_line(run);
	}
}

/* --- the loop --- */

/* Reads what is there; closes the entry at its end. */
static size_t take(struct pollfd *entry, char *buffer, size_t size)
{
	ssize_t got = read(entry->fd, buffer, size);

	if (got > 0)
		return (size_t)got;
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		entry->fd = -1;
	return 0;
}

static void read_channel(struct run *run, int which)
{
	char buffer[16384];
	size_t size = take(&run->fds[which], buffer, sizeof(buffer));

	if (which == FD_CONSOLE) {
		screen_console(&run->screen, buffer, size, now_ms());
	} else if (which == FD_ERRORS) {
		error_feed(run, buffer, size);
	} else if (log_feed(&run->log, buffer, size)) {
		drain_ring(run);
	}
}

static void read_keyboard(struct run *run)
{
	bool quit = false;
	size_t size = take(&run->fds[FD_STDIN], run->typed, sizeof(run->typed));

	if (run->screen.raw)
		size = screen_keys(&run->screen, run->typed, size, &quit);
	run->typed_size = size;
	if (quit)
		stop(run, 1, "ended from the keyboard");
}

static void type_to_guest(struct run *run)
{
	ssize_t sent = send(run->emulator.console, run->typed, run->typed_size,
			    MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && errno == ENOTSOCK)
		sent = write(run->emulator.console, run->typed, run->typed_size);
	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0)
		sent = (ssize_t)run->typed_size; /* nobody listens any more */
	run->typed_size -= (size_t)sent;
	memmove(run->typed, run->typed + sent, run->typed_size);
}

static void reap(struct run *run)
{
	if (!run->ended && waitpid(run->emulator.pid, &run->status, WNOHANG) == run->emulator.pid)
		run->ended = true;
}

static void read_signal(struct run *run)
{
	struct signalfd_siginfo info;

	if (read(run->fds[FD_SIGNAL].fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(run);
	else
		stop(run, 1, "ended by signal %u (%s)", info.ssi_signo,
		     strsignal((int)info.ssi_signo));
}

static void turn(struct run *run)
{
	struct pollfd *console = &run->fds[FD_CONSOLE];
	int stdin_fd = run->fds[FD_STDIN].fd;

	/* one buffer of typed text at a time; the rest stays in the keyboard's queue */
	if (run->typed_size)
		run->fds[FD_STDIN].fd = -1;
	console->events = (short)(POLLIN | (run->typed_size ? POLLOUT : 0));
	if (poll(run->fds, FD_COUNT, POLL_MS) < 0) {
		for (int i = 0; i < FD_COUNT; i++)
			run->fds[i].revents = 0;
	}
	if (run->typed_size)
		run->fds[FD_STDIN].fd = stdin_fd;
	if (console->revents & POLLOUT)
		type_to_guest(run);
	for (int i = FD_CONSOLE; i <= FD_ERRORS; i++) {
		if (run->fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			read_channel(run, i);
	}
	if (run->fds[FD_STDIN].revents & (POLLIN | POLLHUP | POLLERR) && !run->typed_size)
		read_keyboard(run);
	if (run->fds[FD_SIGNAL].revents & POLLIN)
		read_signal(run);
	drain_ring(run);
	screen_flush(&run->screen, now_ms(), false);
}

static void loop(struct run *run)
{
	const uint64_t start = now_ms();
	const uint64_t limit = (uint64_t)run->options.timeout_s * 1000;

	reap(run);
	while (!run->ended) {
		turn(run);
		if (limit && now_ms() - start >= limit)
			stop(run, EXIT_TIMEOUT, "the guest did not end within %u seconds",
			     run->options.timeout_s);
		if (run->killed_at_ms && now_ms() - run->killed_at_ms > PATIENCE_MS)
			kill(run->emulator.pid, SIGKILL);
	}
	/* what QEMU wrote last is still in the channels */
	for (int i = FD_CONSOLE; i <= FD_ERRORS; i++) {
		if (run->fds[i].fd >= 0)
			fcntl(run->fds[i].fd, F_SETFL, O_NONBLOCK);
		for (int rounds = 0; run->fds[i].fd >= 0 && rounds < 1000; rounds++) {
			struct pollfd one = {.fd = run->fds[i].fd, .events = POLLIN};

			if (poll(&one, 1, 0) <= 0)
				break;
			read_channel(run, i);
		}
	}
	log_end(&run->log);
	if (run->error_size)
		error_line(run);
	drain_ring(run);
}

/* --- start and end --- */

static FILE *open_output(const char *what, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		complain("%s %s: %s", what, path, strerror(errno));
	return file;
}

static void set_up_dumps(struct run *run)
{
	const struct run_options *options = &run->options;
	const char *slash = options->events ? strrchr(options->events, '/') : NULL;
	char *folder = NULL;

	if (options->dumps)
		folder = strdup(options->dumps);
	else if (options->events)
		folder = slash ? strndup(options->events, (size_t)(slash - options->events))
			       : strdup(".");
	run->dumps = (struct dump_store){
		.folder = folder,
		.max = (uint64_t)options->dumps_max_mb << 20,
		.ram_fd = options->bochs ? -1 : run->inputs.ram,
		.ram = run->ram,
		.ram_size = run->ram_size,
		.fd = -1,
	};
	run->events.dumps = &run->dumps;
}

static bool set_up(struct run *run)
{
	struct run_options *options = &run->options;
	char build[BUILD_ID_TEXT];

	if (!inputs_open(&run->inputs, options))
		return false;
	if (options->events && !(run->events.file = open_output("events file", options->events)))
		return false;
	if (options->dumps && access(options->dumps, W_OK | X_OK) != 0) {
		complain("folder for dumps %s: %s", options->dumps, strerror(errno));
		return false;
	}
	if (options->log && !(run->log_file = open_output("log file", options->log)))
		return false;
	if (run->log_file && build_id_of(run->inputs.engine, build))
		fprintf(run->log_file, "engine build %s\n", build); /* for lvisor crash */
	run->ram_size = (uint64_t)options->memory_mb << 20;
	run->ram =
		mmap(NULL, run->ram_size, PROT_READ | PROT_WRITE, MAP_SHARED, run->inputs.ram, 0);
	if (run->ram == MAP_FAILED) {
		complain("%u MB of memory for the guest: %s", options->memory_mb, strerror(errno));
		return false;
	}
	set_up_dumps(run);
	run->log.sink = (struct log_sink){log_line, log_crash_end, log_ring, log_event, run};
	return true;
}

static int catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* After the screen is closed: what became of it, in one line if it is not the guest's own end. */
static int verdict(struct run *run)
{
	if (run->events.file && fclose(run->events.file) != 0 && !run->events.file_failed) {
		complain("events file %s: %s", run->options.events, strerror(errno));
		return 1;
	}
	if (run->log_file)
		fclose(run->log_file);
	if (run->reason[0]) {
		complain("%s", run->reason);
		return run->exit_code;
	}
	if (run->options.bochs && !run->good_end) {
		complain("Bochs ended before the guest did, see its message above");
		return 1;
	}
	if (run->options.bochs)
		run->status = 0; /* it is always 1, or the signal of ours */
	if (WIFSIGNALED(run->status)) {
		complain("QEMU was killed by signal %d (%s)", WTERMSIG(run->status),
			 strsignal(WTERMSIG(run->status)));
		return 1;
	}
	if (WEXITSTATUS(run->status) != 0) {
		complain("QEMU could not run the guest (exit code %d)%s%s",
			 WEXITSTATUS(run->status), run->complained ? ", see its message above" : "",
			 way_out(run));
		return 1;
	}
	if (!run->options.plain && !run->ring.ring && !run->drained) {
		if (run->ring_problem)
			complain("the event ring could not be read: %s", run->ring_problem);
		else
			complain("the machine was reset before LVisor was up; --log FILE keeps its "
				 "log");
		return 1;
	}
	return run->events.file_failed ? 1 : 0;
}

static bool choose(struct run_options *options)
{
	const struct kvm kvm = kvm_ask();

	return accel_choose(options, &kvm);
}

int run_main(int argc, char **argv)
{
	struct run *run = must_alloc(calloc(1, sizeof(*run)));
	uint64_t lost;

	options_parse(argc, argv, &run->options);
	if (!choose(&run->options) || !set_up(run))
		return 1;
	for (int i = 0; i < FD_COUNT; i++)
		run->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	run->fds[FD_SIGNAL].fd = catch_signals();
	if (!(run->options.bochs ? bochs_start : qemu_start)(&run->emulator, &run->inputs,
							     &run->options))
		return 1;
	screen_open(&run->screen);
	run->events.screen = &run->screen;
	run->fds[FD_CONSOLE].fd = run->emulator.console;
	run->fds[FD_LOG].fd = run->emulator.log;
	run->fds[FD_ERRORS].fd = run->emulator.errors;
	if (screen_raw(&run->screen) || !isatty(STDIN_FILENO))
		run->fds[FD_STDIN].fd = STDIN_FILENO;
	if (run->screen.raw)
		screen_message(&run->screen, STYLE_DIM, "lvisor", "Ctrl-] ends the guest");

	loop(run);
	if (dumps_close(&run->dumps))
		event_half_dump(&run->events);
	lost = ring_lost_at_end(&run->ring);
	if (lost)
		event_lost(&run->events, lost);
	screen_close(&run->screen);
	bochs_remove_files();
	return verdict(run);
}
