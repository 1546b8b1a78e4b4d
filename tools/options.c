// SPDX-License-Identifier: Apache-2.0
/*
 * The command line of `lvisor run`. It only notes what was asked for; whether the files are what
 * they should be is looked at in inputs.c.
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "tools/message.h"
#include "tools/options.h"

enum {
	KEY_TIMEOUT = 0x100,
	KEY_NET,
	KEY_LOG,
	KEY_PLAIN,
	KEY_VMM,
	KEY_VENDOR,
	KEY_EMULATOR,
	KEY_REPEATABLE,
	KEY_ACCEL,
	KEY_TCG,
	KEY_PROFILE,
	KEY_DUMPS,
	KEY_DUMPS_MAX,
};

static const struct argp_option OPTIONS[] = {
	{"kernel", 'k', "FILE", 0, "Linux kernel of the guest, a bzImage (vmlinuz)", 0},
	{"initrd", 'i', "FILE", 0, "Its initial RAM disk", 0},
	{"append", 'a', "STRING", 0, "Its command line", 0},
	{"disk", 'd', "FILE[,write][,format=qcow2]", 0,
	 "Disk image of the guest (virtio); what the guest writes is thrown away at the end unless "
	 "',write' follows; can be repeated",
	 0},
	{"net", KEY_NET, "none|user[,OPTION...]", 0,
	 "Network of the guest (virtio): none, or QEMU's user-mode network, for example "
	 "user,hostfwd=tcp::2222-:22 (none)",
	 0},
	{"cpus", 'c', "N", 0, "Processors of the machine (1)", 0},
	{"memory", 'm', "MB", 0, "Memory of the machine (1024)", 0},
	{"signature", 's', "FILE|DIR", 0,
	 "Signature to run: a .lua file, or a folder with its *.lua and lib/; can be repeated", 0},
	{"profile", KEY_PROFILE, "FILE", 0,
	 "For a kernel without BTF: Volatility 3's symbols for it (ISF: .json, .json.gz, "
	 ".json.xz), or "
	 "BTF",
	 0},
	{"events", 'e', "FILE", 0, "Write each event to FILE, one JSON object a line", 0},
	{"dumps", KEY_DUMPS, "DIR", 0,
	 "Folder for the memory dumps that signatures ask for (where the events file is)", 0},
	{"dumps-max", KEY_DUMPS_MAX, "MB", 0, "Limit for the size of all of them together (8192)",
	 0},
	{"log", KEY_LOG, "FILE", 0, "Keep the hypervisor's log in FILE", 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "End the guest after SECONDS, with exit code 124",
	 0},
	{"plain", KEY_PLAIN, NULL, 0, "Boot the same guest without LVisor, for comparison", 0},
	{"vmm", KEY_VMM, "STRING", 0, "Options for the hypervisor itself", 0},
	{"vendor", KEY_VENDOR, "amd|intel", 0,
	 "Processor: AMD SVM or Intel VT-x; without KVM in QEMU and in Bochs (KVM's, else amd)", 0},
	{"accel", KEY_ACCEL, "tcg|kvm|auto", 0,
	 "Processor emulated (tcg), or the host's own (kvm: it must give guests SVM or VMX, lvisor "
	 "doctor tells); auto: kvm where it can be, and never with --tcg or -icount (auto)",
	 0},
	{"tcg", KEY_TCG, "single|multi", 0,
	 "Threads in which QEMU emulates several processors: one, or one for each, which is faster "
	 "and where a fault of QEMU's can end the guest (single)",
	 0},
	{"emulator", KEY_EMULATOR, "qemu|bochs", 0, "Emulator; Bochs can do both vendors", 0},
	{"repeatable", KEY_REPEATABLE, NULL, 0,
	 "In Bochs: the clock starts at 2024-01-01, and all runs are the same", 0},
	{"verbose", 'v', NULL, 0, "Show the hypervisor's log and the emulator's command line", 0},
	{NULL, 0, NULL, 0, NULL, 0},
};

static const char DOC[] =
	"Boots a Linux guest under LVisor in an emulator, with signatures running underneath.\v"
	"The guest's serial console is connected to the terminal (Ctrl-] or Ctrl-A x ends the "
	"guest); what the signatures report is shown on stderr. What follows -- goes to QEMU as "
	"it is.\n\n"
	"Exit code: 0 when the guest powered off or restarted, 124 on time-out, 1 otherwise (also "
	"when "
	"a fault of the emulator ended it).";

static unsigned int number(const char *text, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value == 0 || value > 1000000) {
		complain("%s: '%s' is not a number between 1 and 1000000", what, text);
		exit(1);
	}
	return (unsigned int)value;
}

static bool one_of(const char *text, const char *what, const char *no, const char *yes)
{
	if (strcmp(text, yes) != 0 && strcmp(text, no) != 0) {
		complain("%s: '%s' is neither %s nor %s", what, text, no, yes);
		exit(1);
	}
	return strcmp(text, yes) == 0;
}

static enum accel accelerator(const char *text)
{
	static const char *const names[] = {
		[ACCEL_AUTO] = "auto", [ACCEL_TCG] = "tcg", [ACCEL_KVM] = "kvm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum accel)i;
	}
	complain("--accel: '%s' is none of tcg, kvm and auto", text);
	exit(1);
}

static const char *network(const char *text)
{
	if (strcmp(text, "none") == 0)
		return NULL;
	if (strcmp(text, "user") != 0 && strncmp(text, "user,", 5) != 0) {
		complain("--net: '%s' is neither none nor user[,OPTION...]", text);
		exit(1);
	}
	return text;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case 'k':
		options->kernel = arg;
		break;
	case 'i':
		options->initrd = arg;
		break;
	case 'a':
		options->append = arg;
		break;
	case 'm':
		options->memory_mb = number(arg, "--memory");
		break;
	case 'c':
		options->cpus = number(arg, "--cpus");
		if (options->cpus > MAX_CPUS) {
			complain("--cpus %s: LVisor runs on 1 to %d processors", arg, MAX_CPUS);
			exit(1);
		}
		break;
	case 's':
		options->signatures = must_alloc(
			realloc(options->signatures,
				(options->signature_count + 1) * sizeof(*options->signatures)));
		options->signatures[options->signature_count++] = arg;
		break;
	case 'd':
		options->disks = must_alloc(realloc(
			options->disks, (options->disk_count + 1) * sizeof(*options->disks)));
		options->disks[options->disk_count++] = arg;
		break;
	case KEY_NET:
		options->net = network(arg);
		break;
	case 'e':
		options->events = arg;
		break;
	case KEY_PROFILE:
		options->profile = arg;
		break;
	case KEY_DUMPS:
		options->dumps = arg;
		break;
	case KEY_DUMPS_MAX:
		options->dumps_max_mb = number(arg, "--dumps-max");
		break;
	case KEY_LOG:
		options->log = arg;
		break;
	case KEY_TIMEOUT:
		options->timeout_s = number(arg, "--timeout");
		break;
	case KEY_PLAIN:
		options->plain = true;
		break;
	case KEY_VMM:
		options->vmm_options = arg;
		break;
	case KEY_VENDOR:
		options->intel = one_of(arg, "--vendor", "amd", "intel");
		options->vendor_named = true;
		break;
	case KEY_ACCEL:
		options->accel = accelerator(arg);
		break;
	case KEY_TCG:
		options->tcg_multi = one_of(arg, "--tcg", "single", "multi");
		options->tcg_named = true;
		break;
	case KEY_REPEATABLE:
		options->repeatable = true;
		break;
	case KEY_EMULATOR:
		options->bochs = one_of(arg, "--emulator", "qemu", "bochs");
		options->emulator_named = true;
		break;
	case 'v':
		options->verbose = true;
		break;
	case ARGP_KEY_ARG:
		if (!state->quoted || state->next <= state->quoted) {
			complain("unexpected argument '%s' (QEMU's own arguments go behind --)",
				 arg);
			exit(1);
		}
		options->qemu_args = &state->argv[state->next - 1];
		state->next = state->argc;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(int argc, char **argv, struct run_options *options)
{
	static const struct argp argp = {OPTIONS, parse, "[-- QEMU-ARGUMENT...]", DOC, NULL,
					 NULL,	  NULL};
	static char *none[] = {NULL};

	*options = (struct run_options){
		.memory_mb = 1024, .dumps_max_mb = 8192, .cpus = 1, .qemu_args = none};
	/* in order: what stands before -- is ours, and mistakes are found where they stand */
	argp_err_exit_status = 1;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, options);
	if (options->repeatable && !options->bochs &&
	    (options->emulator_named || !options->intel)) {
		complain("--repeatable is for Bochs; QEMU takes -- -icount shift=0,sleep=off -seed "
			 "1 -rtc "
			 "base=2024-01-01,clock=vm");
		exit(1);
	}
}
