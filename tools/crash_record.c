// SPDX-License-Identifier: Apache-2.0
/*
 * A log is text that went through files, screens and mails: whatever is not understood in it is
 * passed by, and nothing in it is believed to be of a certain length.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/crash_record.h"
#include "tools/message.h"

static const char *const reg_names[CRASH_REGS] = {
	[CRASH_RAX] = "rax",	   [CRASH_RDX] = "rdx",	    [CRASH_RCX] = "rcx",
	[CRASH_RBX] = "rbx",	   [CRASH_RSI] = "rsi",	    [CRASH_RDI] = "rdi",
	[CRASH_RBP] = "rbp",	   [CRASH_RSP] = "rsp",	    [CRASH_R8] = "r8",
	[CRASH_R8 + 1] = "r9",	   [CRASH_R8 + 2] = "r10",  [CRASH_R8 + 3] = "r11",
	[CRASH_R8 + 4] = "r12",	   [CRASH_R8 + 5] = "r13",  [CRASH_R8 + 6] = "r14",
	[CRASH_R15] = "r15",	   [CRASH_RIP] = "rip",	    [CRASH_RFLAGS] = "rflags",
	[CRASH_CS] = "cs",	   [CRASH_SS] = "ss",	    [CRASH_CR0] = "cr0",
	[CRASH_CR2] = "cr2",	   [CRASH_CR3] = "cr3",	    [CRASH_CR4] = "cr4",
	[CRASH_VECTOR] = "vector", [CRASH_ERROR] = "error", [CRASH_APIC] = "apic",
};

static void set_reg(struct crash_record *record, const char *name, size_t length, const char *value)
{
	for (int i = 0; i < CRASH_REGS; i++) {
		if (strlen(reg_names[i]) == length && strncmp(reg_names[i], name, length) == 0) {
			/* the two that the vmm prints in decimal */
			bool decimal = i == CRASH_VECTOR || i == CRASH_APIC;

			record->regs[i] = strtoull(value, NULL, decimal ? 10 : 16);
			record->has[i] = true;
		}
	}
}

/* Pairs of a name and its value; "cs:rip 10:ffff" is two of them. */
static void read_regs(struct crash_record *record, const char *line)
{
	const char *name = line;

	for (;;) {
		const char *value, *colon, *second;
		size_t length;

		name += strspn(name, " ");
		length = strcspn(name, " ");
		value = name + length + strspn(name + length, " ");
		if (!length || !*value)
			return;
		colon = memchr(name, ':', length);
		second = strchr(value, ':');
		if (colon && second) {
			set_reg(record, name, (size_t)(colon - name), value);
			set_reg(record, colon + 1, (size_t)(name + length - colon - 1), second + 1);
		} else {
			set_reg(record, name, length, value);
		}
		name = value + strcspn(value, " ");
	}
}

static void read_stack(struct crash_record *record, const char *text)
{
	uint64_t at;
	char *end;

	at = strtoull(text, &end, 16);
	if (end == text || *end != ':')
		return;
	if (!record->stack_words)
		record->stack_at = at;
	if (at != record->stack_at + 8 * record->stack_words)
		return;
	for (text = end + 1; record->stack_words < CRASH_STACK_WORDS; text = end) {
		uint64_t word = strtoull(text, &end, 16);

		if (end == text)
			return;
		record->stack[record->stack_words++] = word;
	}
}

static const char *after(const char *line, const char *start)
{
	const size_t length = strlen(start);

	return strncmp(line, start, length) == 0 ? line + length : NULL;
}

static bool read_build(char build[41], const char *text)
{
	const size_t length = strspn(text, "0123456789abcdef");

	if (length != 40)
		return false;
	memcpy(build, text, 40);
	build[40] = '\0';
	return true;
}

static void read_record_line(struct crash_record *record, const char *line)
{
	const char *rest;

	if ((rest = after(line, "reason: "))) {
		make_printable(record->reason, sizeof(record->reason), rest, strlen(rest));
	} else if ((rest = after(line, "build "))) {
		if (read_build(record->build, rest))
			read_regs(record, rest + 40);
	} else if ((rest = after(line, "called from "))) {
		record->called_from = strtoull(rest, NULL, 16);
	} else if ((rest = after(line, "stack "))) {
		read_stack(record, rest);
	} else {
		read_regs(record, line);
	}
}

static void *one_more(void *list, size_t *count, size_t size)
{
	list = must_alloc(realloc(list, (*count + 1) * size));
	memset((char *)list + (*count)++ * size, 0, size);
	return list;
}

static void read_line(struct crash_log *log, const char *line)
{
	const char *text;

	if ((text = strstr(line, "engine died: "))) {
		struct engine_death death = {0};

		if (sscanf(text, "engine died: %63[^,], rip %" SCNx64 ", address %" SCNx64,
			   death.reason, &death.rip, &death.address) != 3)
			return;
		log->deaths = one_more(log->deaths, &log->death_count, sizeof(*log->deaths));
		log->deaths[log->death_count - 1] = death;
	} else if ((text = strstr(line, "engine build "))) {
		read_build(log->engine_build, text + strlen("engine build "));
	}
}

void crash_log_read(FILE *file, struct crash_log *log)
{
	static const char begin[] = "crash record begin", end[] = "crash record end";
	struct crash_record *record = NULL;
	char *line = NULL, *found;
	size_t room = 0, label = 0;

	memset(log, 0, sizeof(*log));
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if ((found = strstr(line, begin))) {
			log->records =
				one_more(log->records, &log->record_count, sizeof(*log->records));
			record = &log->records[log->record_count - 1];
			label = (size_t)(found - line);
		} else if (record && strstr(line, end)) {
			record->whole = true;
			record = NULL;
		} else if (record && strlen(line) > label) {
			read_record_line(record, line + label);
		} else {
			read_line(log, line);
		}
	}
	free(line);
}

void crash_log_free(struct crash_log *log)
{
	free(log->records);
	free(log->deaths);
}
