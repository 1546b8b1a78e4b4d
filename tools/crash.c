// SPDX-License-Identifier: Apache-2.0
/*
 * `lvisor crash`: a log's crash records of the vmm, and deaths of the engine, in the words of the
 * source. Only the build that wrote a record can explain it, which the build ids show.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/crash.h"
#include "tools/crash_record.h"
#include "tools/inputs.h"
#include "tools/message.h"
#include "tools/symbols.h"

struct name {
	uint64_t number;
	const char *text;
};

/* SDM vol. 3, table 6-1 */
static const struct name vectors[] = {
	{0, "#DE, divide error"},
	{1, "#DB, debug"},
	{2, "NMI"},
	{3, "#BP, INT3"},
	{6, "#UD, invalid opcode"},
	{7, "#NM, no vector state"},
	{8, "#DF, double fault"},
	{10, "#TS, invalid TSS"},
	{11, "#NP, segment not present"},
	{12, "#SS, stack fault"},
	{13, "#GP, general protection"},
	{14, "#PF, page fault"},
	{16, "#MF, x87"},
	{17, "#AC, alignment"},
	{18, "#MC, machine check"},
	{19, "#XM, SIMD"},
	{21, "#CP, control protection"},
};

/*
 * What the vmm takes for a mistake of its own: decode() in vmm/svm/svm.c (APM vol. 2, appendix C)
 */
static const struct name svm_exits[] = {
	{0x64, "VINTR"},
	{0x7e, "FERR_FREEZE"},
	{0xa5, "BUSLOCK"},
	{0x400, "NPF, nested page fault"},
	{0x401, "AVIC, incomplete IPI"},
	{0x402, "AVIC, access that it does not do"},
	{0x403, "VMGEXIT"},
	{0xffffffffffffffff, "INVALID: the CPU refuses the VMCB"},
	{0xfffffffffffffffe, "BUSY"},
};

/* and in vmm/vmx/vmx.c (SDM vol. 3, appendix C) */
static const struct name vmx_exits[] = {
	{4, "start-up IPI"},
	{5, "I/O SMI"},
	{6, "other SMI"},
	{33, "VM entry failed: guest state"},
	{34, "VM entry failed: MSR loading"},
	{37, "monitor trap flag"},
	{41, "VM entry failed: machine check"},
	{43, "TPR below threshold"},
	{44, "APIC access"},
	{45, "virtualized EOI"},
	{48, "EPT violation"},
	{49, "EPT misconfiguration"},
	{52, "preemption timer"},
	{56, "APIC write"},
	{62, "page-modification log full"},
	{66, "SPP"},
	{74, "bus lock"},
	{75, "notify"},
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *name_of(const struct name *table, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].number == number)
			return table[i].text;
	return NULL;
}

/* What the numbers in the reason are called in the manuals. */
static void print_exit(FILE *out, const struct crash_record *record)
{
	const char *name = NULL;
	uint64_t code;

	if (sscanf(record->reason, "SVM exit %" SCNx64, &code) == 1)
		name = name_of(svm_exits, COUNT(svm_exits), code);
	else if (sscanf(record->reason, "VT-x exit %" SCNu64, &code) == 1 ||
		 sscanf(record->reason, "VM entry failed: reason %" SCNu64, &code) == 1)
		name = name_of(vmx_exits, COUNT(vmx_exits), code & 0xffff);
	if (name)
		fprintf(out, "    exit: %s\n", name);
}

static void print_exception(FILE *out, const struct crash_record *record)
{
	const uint64_t vector = record->regs[CRASH_VECTOR];
	const char *name = name_of(vectors, COUNT(vectors), vector);

	if (!record->has[CRASH_VECTOR])
		return;
	fprintf(out, "    exception: %" PRIu64 " (%s), error code %" PRIx64, vector,
		name ? name : "?", record->regs[CRASH_ERROR]);
	if (vector == 14)
		fprintf(out, ": %s of %" PRIx64,
			record->regs[CRASH_ERROR] & 16	? "fetch"
			: record->regs[CRASH_ERROR] & 2 ? "write"
							: "read",
			record->regs[CRASH_CR2]);
	fputc('\n', out);
}

struct trace {
	FILE *out;
	const struct symbols *symbols;
	size_t frames;
};

static void print_frame(void *context, uint64_t address, bool is_return)
{
	struct trace *trace = context;

	fprintf(trace->out, "    %s %016" PRIx64 "  ", trace->frames++ ? "from" : "at  ", address);
	if (!symbols_print(trace->symbols, trace->out, address, is_return))
		fputs("nothing of this program is here", trace->out);
	fputc('\n', trace->out);
}

/* Where RIP leads nowhere, the stack has words that may be where it came from. */
static void print_candidates(struct trace *trace, const struct crash_record *record)
{
	for (size_t i = 0; i < record->stack_words; i++) {
		char *text = NULL;
		size_t size;
		FILE *memory = must_alloc(open_memstream(&text, &size));
		bool there = symbols_print(trace->symbols, memory, record->stack[i], true);

		fclose(memory);
		if (there && strchr(text, ':'))
			fprintf(trace->out, "    from? %016" PRIx64 "  %s\n", record->stack[i],
				text);
		free(text);
	}
}

static bool is_build(const struct symbols *symbols, const char *path, const char *written)
{
	const char *build = symbols_build_id(symbols);

	if (!*written || strcmp(build, written) == 0)
		return true;
	complain("the log was written by build %s, but %s is build %s; give the files of that "
		 "build (--vmm, --engine)",
		 written, path, *build ? build : "unknown");
	return false;
}

static void explain_record(FILE *out, const struct crash_record *record, struct symbols *symbols)
{
	struct trace trace = {out, symbols, 0};

	fprintf(out, "LVisor crashed: %s\n", *record->reason ? record->reason : "no reason given");
	if (*record->build)
		fprintf(out, "    build: %s\n", record->build);
	else
		fputs("    build: not in the record; what follows is right only if the image is "
		      "the "
		      "same\n",
		      out);
	if (record->has[CRASH_APIC])
		fprintf(out, "    CPU: the one with APIC id %" PRIu64 "\n",
			record->regs[CRASH_APIC]);
	print_exit(out, record);
	print_exception(out, record);
	if (record->has[CRASH_RIP]) {
		symbols_unwind(symbols, record, print_frame, &trace);
		if (trace.frames < 2)
			print_candidates(&trace, record);
	} else if (record->called_from) {
		trace.frames = 1;
		print_frame(&trace, record->called_from, true);
	}
	if (!record->whole)
		fputs("    the record is cut short\n", out);
}

static void explain_death(FILE *out, const struct engine_death *death, struct symbols *symbols)
{
	const char *name = name_of(vectors, COUNT(vectors), death->address);
	struct trace trace = {out, symbols, 0};

	fprintf(out, "The engine died: %s", death->reason);
	if (strcmp(death->reason, "fault") == 0)
		fprintf(out, ", address %" PRIx64, death->address);
	/* the vmm gives the vector where there is no address */
	if (strcmp(death->reason, "fault") == 0 && name)
		fprintf(out, ", or exception %s", name);
	fputc('\n', out);
	print_frame(&trace, death->rip, false);
}

static bool explain_records(FILE *out, const struct crash_log *log, const char *path)
{
	struct symbols *symbols = symbols_open(path);
	bool good = symbols;

	for (size_t i = 0; good && i < log->record_count; i++) {
		good = is_build(symbols, path, log->records[i].build);
		if (good)
			explain_record(out, &log->records[i], symbols);
	}
	symbols_close(symbols);
	return good;
}

static bool explain_deaths(FILE *out, const struct crash_log *log, const char *path)
{
	struct symbols *symbols = symbols_open(path);
	bool good = symbols && is_build(symbols, path, log->engine_build);

	for (size_t i = 0; good && i < log->death_count; i++)
		explain_death(out, &log->deaths[i], symbols);
	if (good && !*log->engine_build)
		fputs("The log does not say of which build the engine was: this is right only if "
		      "it "
		      "is the same.\n",
		      out);
	symbols_close(symbols);
	return good;
}

bool crash_explain(FILE *out, const struct crash_log *log, const char *vmm, const char *engine)
{
	if (log->record_count && !explain_records(out, log, vmm))
		return false;
	if (log->death_count && !explain_deaths(out, log, engine))
		return false;
	fputs("For a report, send: this text, the whole log, `lvisor --version`, the command line, "
	      "and "
	      "`lvisor doctor` of\nthe machine.\n",
	      out);
	return true;
}

struct crash_options {
	char *vmm, *engine;
	const char *log;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct crash_options *options = state->input;

	switch (key) {
	case 'v':
		options->vmm = arg;
		return 0;
	case 'e':
		options->engine = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (options->log)
			argp_error(state, "one log at a time");
		options->log = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "name the log: a file that lvisor run --log wrote, or -");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option OPTIONS[] = {
	{"vmm", 'v', "FILE", 0, "the hypervisor with debug information (lvisor.elf beside lvisor)",
	 0},
	{"engine", 'e', "FILE", 0, "the engine with debug information (engine beside lvisor)", 0},
	{0}};
static const char DOC[] =
	"Explains the crash records and the engine's deaths in a log that lvisor run --log wrote: "
	"functions, files and lines.";

int crash_main(int argc, char **argv)
{
	static const struct argp argp = {OPTIONS, parse, "LOG", DOC, NULL, NULL, NULL};
	struct crash_options options = {0};
	struct crash_log log;
	bool good = false;
	FILE *file;

	argp_err_exit_status = 1;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	file = strcmp(options.log, "-") == 0 ? stdin : fopen(options.log, "re");
	if (!file) {
		complain("log %s: %s", options.log, strerror(errno));
		return 1;
	}
	crash_log_read(file, &log);
	if (ferror(file))
		complain("log %s: %s", options.log, strerror(errno));
	else if (!log.record_count && !log.death_count)
		complain("%s has no crash record and no death of the engine; lvisor run --log FILE "
			 "writes the log that has them",
			 options.log);
	else
		good = crash_explain(stdout, &log, options.vmm ?: beside_us("lvisor.elf"),
				     options.engine ?: beside_us("engine"));
	if (file != stdin)
		fclose(file);
	crash_log_free(&log);
	return good ? 0 : 1;
}
