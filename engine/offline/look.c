/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into a memory dump: open it, find the kernel, and then print a summary, run signatures,
 * or print a ready view (report.c).
 */
#include <errno.h>
#include <jansson.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine/base/text.h"
#include "engine/events/lifecycle.h"
#include "engine/linux/linux.h"
#include "engine/lua/api.h"
#include "engine/offline/command.h"
#include "engine/offline/look.h"
#include "engine/profile/isf.h"
#include "engine/signature/limit.h"
#include "engine/signature/record.h"
#include "engine/signature/signature.h"

#define PROGRESS_AFTER_NS 500000000u
#define PROGRESS_EVERY_NS 100000000u
#define PROGRESS_WIDTH	  40

/* --- registers --- */

static int set_register(struct look *l, const char *where, const char *name, const char *value)
{
	int reg = register_find(name);
	uint64_t number;
	char *end;

	if (reg < 0) {
		fprintf(stderr, "lvisor: error: registers %s: %s: no such register\n", where, name);
		return 1;
	}
	errno = 0;
	number = strtoull(value, &end, 0);
	if (*end || errno || end == value) {
		fprintf(stderr, "lvisor: error: registers %s: %s=%s: not a number\n", where, name,
			value);
		return 1;
	}
	l->regs[reg] = number;
	l->known |= 1ull << reg;
	return 0;
}

static int registers_of_object(struct look *l, const char *where, json_t *object)
{
	const char *name;
	json_t *value;
	char number[32];
	int err = 0;

	json_object_foreach(object, name, value)
	{
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		err = err ||
		      set_register(l, where, name,
				   json_is_string(value) ? json_string_value(value) : number);
	}
	return err;
}

/* "cr3=0x1000,lstar=...", also a line each, with comments behind #. */
static int registers_of_text(struct look *l, const char *where, char *text)
{
	char *item, *value, *c, *rest;
	int err = 0;

	for (c = text; (c = strchr(c, '#'));)
		while (*c && *c != '\n')
			*c++ = ' ';
	for (item = strtok_r(text, ", \t\r\n", &rest); item && !err;
	     item = strtok_r(NULL, ", \t\r\n", &rest)) {
		value = strchr(item, '=');
		if (!value) {
			fprintf(stderr, "lvisor: error: registers %s: '%s' is not NAME=VALUE\n",
				where, item);
			return 1;
		}
		*value++ = '\0';
		err = set_register(l, where, item, value);
	}
	return err;
}

int look_registers(struct look *l, const char *where)
{
	json_t *object;
	char *text;
	size_t size;
	int err;

	if (strchr(where, '=') && access(where, F_OK)) {
		text = strdup(where);
		size = text ? strlen(text) : 0;
	} else {
		text = command_read(where, &size);
	}
	if (!text)
		return 1;
	object = json_loadb(text, size, 0, NULL);
	if (object) {
		err = registers_of_object(l, where, object);
	} else {
		char *ended = strndup(text, size);

		err = ended ? registers_of_text(l, where, ended) : 1;
		free(ended);
	}
	json_decref(object);
	free(text);
	return err;
}

/* --- the kernel --- */

static uint64_t reg(enum lvmon_reg r)
{
	uint64_t value;

	return backend->reg_read(r, &value) ? 0 : value;
}

/*
 * How far a search is, on a terminal, when it takes long; "what 45 %" over and over on one line.
 */
static void show_progress(uint64_t done, uint64_t of)
{
	static uint64_t began, last;
	uint64_t now = engine_clock();
	static bool shown;

	if (!began)
		began = now;
	if (done >= of) {
		if (shown)
			fputs("\r\033[K", stderr);
		began = 0;
		shown = false;
	} else if (now - began > PROGRESS_AFTER_NS && now - last > PROGRESS_EVERY_NS) {
		int filled = (int)(done * PROGRESS_WIDTH / of);

		fprintf(stderr, "\rlooking for the kernel [%.*s%*s] %3d %%", filled,
			"########################################", PROGRESS_WIDTH - filled, "",
			(int)(done * 100 / of));
		fflush(stderr);
		last = now;
		shown = true;
	}
}

/* With the registers; they may not be those of this dump, and it can be found without. */
static int find_kernel(const char *dump)
{
	struct linux_anchor anchor = {reg(LVMON_CR3), reg(LVMON_CR4), reg(LVMON_LSTAR),
				      reg(LVMON_IDTR_BASE)};
	const struct linux_anchor none = {0, 0, 0, 0};
	char error[256] = "";

	/* Any address in the kernel's text leads to its image. */
	if (!anchor.lstar)
		anchor.lstar = reg(LVMON_RIP);
	if (linux_discover(&anchor, error, sizeof(error)) == 0)
		return 0;
	if ((anchor.cr3 || anchor.lstar) && linux_discover(&none, error, sizeof(error)) == 0) {
		fprintf(stderr,
			"lvisor: %s: the kernel was found, but not where the registers say\n",
			dump);
		return 0;
	}
	fprintf(stderr, "lvisor: error: %s: no kernel found: %s\n", dump, error);
	return -ENOENT;
}

/* The file is mapped: what cannot be read is this signal. */
static void on_bus_error(int signal)
{
	static const char text[] =
		"lvisor: error: the dump could not be read: it became shorter, or its disk fails\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/* What this kernel does not let us see. */
static void tell_missing(void)
{
	int i;

	for (i = 0; i < LINUX_FACILITIES; i++) {
		const char *why = linux_missing((enum linux_facility)i);

		if (why)
			fprintf(stderr, "lvisor: no %s: %s\n",
				linux_facility_name((enum linux_facility)i), why);
	}
}

/* The profile for a kernel without BTF; what is read stays. */
static int read_profile(const char *path)
{
	char error[512] = "";
	size_t size;
	void *btf;

	if (profile_read(path, &btf, &size, error, sizeof(error))) {
		fprintf(stderr, "lvisor: error: profile %s: %s\n", path, error);
		return 1;
	}
	linux_use_btf(btf, size);
	return 0;
}

/* Was the profile of use? 1: it is another kernel's. */
static int judge_profile(const char *path)
{
	const char *refused = linux_btf_refused();

	if (refused) {
		fprintf(stderr, "lvisor: error: profile %s: %s\n", path, refused);
		return 1;
	}
	if (!linux_btf_used())
		fprintf(stderr, "lvisor: profile %s is not needed: the kernel has BTF\n", path);
	return 0;
}

static int open_dump(const struct look *l)
{
	char error[512] = "";

	signal(SIGBUS, on_bus_error);
	if (isatty(STDERR_FILENO))
		linux_progress = show_progress;
	if (backend_dump_open(l->dump, l->regs, l->known, &backend, error, sizeof(error))) {
		fprintf(stderr, "lvisor: error: %s: %s\n", l->dump, error);
		return 1;
	}
	engine_init(ENGINE_DUMP, NULL);
	limit_init(engine.persist->where, sizeof(engine.persist->where));
	if (l->profile && read_profile(l->profile))
		return 1;
	if (find_kernel(l->dump))
		return 1;
	if (l->profile && judge_profile(l->profile))
		return 1;
	tell_missing();
	return 0;
}

/* --- scan --- */

static void print_summary(const struct look *l)
{
	int64_t up = 0;
	char time[64];
	bool timed = report_uptime(&up, time, sizeof(time));
	json_t *r;

	if (!l->json) {
		printf("%s\n%s, %llu MB", linux_summary(), backend_dump_format(),
		       (unsigned long long)(backend->mem_size() >> 20));
		if (backend_dump_cpus())
			printf(", %zu CPU%s", backend_dump_cpus(),
			       backend_dump_cpus() > 1 ? "s" : "");
		if (timed)
			printf(", up %lld days %02lld:%02lld:%02lld, %s", (long long)up / 86400,
			       (long long)up / 3600 % 24, (long long)up / 60 % 60,
			       (long long)up % 60, time);
		printf("\n");
		fflush(stdout);
		return;
	}
	r = record_new("kernel");
	record_string(r, "message", linux_summary());
	record_string(r, "dump", backend_dump_format());
	record_number(r, "memory", backend->mem_size());
	if (timed) {
		record_number(r, "uptime", (uint64_t)up);
		record_string(r, "dump_time", time);
	}
	if (backend_dump_cpus())
		record_number(r, "cpus", backend_dump_cpus());
	record_emit(r);
}

static int add_signature(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t size;
	char *text = command_read(path, &size);

	if (!text)
		return 1;
	if (signature_add(slash ? slash + 1 : path, text, size)) {
		fprintf(stderr, "lvisor: error: too many signatures\n");
		return 1;
	}
	/* The libraries of them all are beside the first one. */
	if (signature_count == 1)
		command_folder(path);
	return 0;
}

/* A file, or a folder's *.lua as lvisor run takes them. */
static int add_signatures(const char *path)
{
	glob_t found;
	char *pattern = NULL;
	struct stat st;
	int err = 0;
	size_t i;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return add_signature(path);
	if (asprintf(&pattern, "%s/*.lua", path) < 0)
		return 1;
	if (glob(pattern, 0, NULL, &found)) {
		fprintf(stderr, "lvisor: error: %s: no *.lua in this folder\n", path);
		err = 1;
	} else {
		for (i = 0; i < found.gl_pathc && !err; i++)
			err = add_signature(found.gl_pathv[i]);
		globfree(&found);
	}
	free(pattern);
	return err;
}

static int run_signatures(const struct look *l)
{
	size_t i;

	for (i = 0; i < l->signature_count; i++)
		if (add_signatures(l->signatures[i]))
			return 1;
	return lifecycle_load() == signature_count ? 0 : 1;
}

int look(const struct look *l)
{
	int err = open_dump(l);

	if (err)
		return err;
	if (l->report)
		return report_print(l->report, l);
	print_summary(l);
	if (l->signature_count)
		return run_signatures(l);
	return report_print(report_find("ps"), l);
}
