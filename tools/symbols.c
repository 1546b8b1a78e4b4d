// SPDX-License-Identifier: Apache-2.0
/* elfutils' libdw does all of it: symbols, lines, inlined functions, call frame information. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/message.h"
#include "tools/symbols.h"

#define FRAMES_MAX  64
#define INLINED_MAX 32
#define THREAD	    1

struct symbols {
	Dwfl *dwfl;
	Dwfl_Module *module;
	char build[BUILD_ID_TEXT];
	const struct crash_record *record; /* that is unwound */
};

static void id_text(char text[BUILD_ID_TEXT], const unsigned char *id, ssize_t size)
{
	text[0] = '\0';
	for (ssize_t i = 0; i < size && i < (BUILD_ID_TEXT - 1) / 2; i++)
		sprintf(text + 2 * i, "%02x", id[i]);
}

bool build_id_of(int fd, char text[BUILD_ID_TEXT])
{
	const void *id = NULL;
	ssize_t size = 0;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		size = dwelf_elf_gnu_build_id(elf, &id);
	id_text(text, id, size);
	elf_end(elf);
	return text[0];
}

static bool refuse(struct symbols *symbols, const char *path, const char *why)
{
	complain("%s: %s", path, why);
	symbols_close(symbols);
	return false;
}

static bool load(struct symbols *symbols, const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = dwfl_standard_find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	const unsigned char *id = NULL;
	GElf_Addr id_at, bias;
	int id_size;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return refuse(symbols, path, strerror(errno));
	symbols->dwfl = must_alloc(dwfl_begin(&callbacks));
	symbols->module = dwfl_report_elf(symbols->dwfl, path, path, fd, 0, true);
	if (!symbols->module) {
		close(fd);
		return refuse(symbols, path, dwfl_errmsg(-1));
	}
	dwfl_report_end(symbols->dwfl, NULL, NULL);
	if (!dwfl_module_getdwarf(symbols->module, &bias))
		return refuse(
			symbols, path,
			"has no debug information; name the file that make built, unstripped");
	id_size = dwfl_module_build_id(symbols->module, &id, &id_at);
	id_text(symbols->build, id, id_size);
	return true;
}

struct symbols *symbols_open(const char *path)
{
	struct symbols *symbols = must_alloc(calloc(1, sizeof(*symbols)));

	return load(symbols, path) ? symbols : NULL;
}

void symbols_close(struct symbols *symbols)
{
	if (!symbols)
		return;
	if (symbols->dwfl)
		dwfl_end(symbols->dwfl);
	free(symbols);
}

const char *symbols_build_id(const struct symbols *symbols)
{
	return symbols->build;
}

/* Where a function that was inlined was called. */
static void print_call_site(FILE *out, Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file = 0, line = 0;
	Dwarf_Files *files;
	size_t count;
	const char *name = NULL;

	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file);
	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line);
	if (dwarf_getsrcfiles(unit, &files, &count) == 0)
		name = dwarf_filesrc(files, file, NULL, NULL);
	if (name && line)
		fprintf(out, ", called at %s:%" PRIu64, name, line);
}

/* The child of a scope that has the address in it. */
static bool inner_scope(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *inner)
{
	for (int err = dwarf_child(scope, inner); !err; err = dwarf_siblingof(inner, inner))
		if (dwarf_haspc(inner, address) > 0)
			return true;
	return false;
}

/*
 * From the outside inwards, to be printed the other way round. dwarf_getscopes() does not find
 * functions that link-time optimization has inlined from other units.
 */
static void print_inlined(const struct symbols *symbols, FILE *out, Dwarf_Addr address)
{
	Dwarf_Addr bias;
	Dwarf_Die inlined[INLINED_MAX], scope, inner;
	Dwarf_Die *unit = dwfl_module_addrdie(symbols->module, address, &bias);
	size_t count = 0;

	if (!unit)
		return;
	scope = *unit;
	while (count < INLINED_MAX && inner_scope(&scope, address - bias, &inner)) {
		if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine)
			inlined[count++] = inner;
		scope = inner;
	}
	while (count--) {
		const char *name = dwarf_diename(&inlined[count]);

		fprintf(out, "\n        in %s(), inlined", name ? name : "?");
		print_call_site(out, unit, &inlined[count]);
	}
}

bool symbols_print(const struct symbols *symbols, FILE *out, uint64_t address, bool is_return)
{
	const Dwarf_Addr meant = address - is_return;
	GElf_Off offset;
	GElf_Sym symbol;
	const char *name =
		dwfl_module_addrinfo(symbols->module, meant, &offset, &symbol, NULL, NULL, NULL);
	Dwfl_Line *line = dwfl_module_getsrc(symbols->module, meant);
	const char *file = NULL;
	int number = 0;

	if (line)
		file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	if (!name && !file)
		return false;
	fprintf(out, "%s", name ? name : "?");
	if (name)
		fprintf(out, "+0x%" PRIx64, offset + is_return);
	if (file)
		fprintf(out, " at %s:%d", file, number);
	print_inlined(symbols, out, meant);
	return true;
}

/* --- unwinding, by the stack words of a record --- */

static pid_t next_thread(Dwfl *dwfl, void *context, void **thread)
{
	if (*thread)
		return 0;
	*thread = context;
	return THREAD;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *context)
{
	const struct crash_record *record = ((struct symbols *)context)->record;
	const uint64_t offset = address - record->stack_at;

	if (address < record->stack_at || offset % 8 || offset / 8 >= record->stack_words)
		return false;
	*word = record->stack[offset / 8];
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *context)
{
	const struct crash_record *record = ((struct symbols *)context)->record;

	return dwfl_thread_state_registers(thread, 0, CRASH_DWARF_REGS, record->regs);
}

struct frames {
	size_t count;
	uint64_t last;
	void (*each)(void *context, uint64_t address, bool is_return);
	void *context;
};

static int frame(Dwfl_Frame *state, void *context)
{
	struct frames *frames = context;
	Dwarf_Addr pc;
	bool is_activation;

	/* Without call frame information libdw guesses on by RBP, perhaps in circles. */
	if (!dwfl_frame_pc(state, &pc, &is_activation) || pc == frames->last ||
	    frames->count == FRAMES_MAX)
		return DWARF_CB_ABORT;
	frames->each(frames->context, pc, !is_activation);
	frames->count++;
	frames->last = pc;
	return DWARF_CB_OK;
}

size_t symbols_unwind(struct symbols *symbols, const struct crash_record *record,
		      void (*each)(void *context, uint64_t address, bool is_return), void *context)
{
	static const Dwfl_Thread_Callbacks callbacks = {
		.next_thread = next_thread,
		.memory_read = memory_read,
		.set_initial_registers = set_registers,
	};
	struct frames frames = {.each = each, .context = context};
	GElf_Addr bias;

	symbols->record = record;
	if (dwfl_pid(symbols->dwfl) < 0 &&
	    !dwfl_attach_state(symbols->dwfl, dwfl_module_getelf(symbols->module, &bias), THREAD,
			       &callbacks, symbols))
		return 0;
	dwfl_getthread_frames(symbols->dwfl, THREAD, frame, &frames);
	return frames.count;
}
