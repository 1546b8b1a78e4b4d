/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lvmon.dump() and p:dump(): what they send is given to the tool that makes files of it, and the
 * files are looked at.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine/dump/dump.h"
#include "engine/dump/write.h"
#include "engine/events/dispatch.h"
#include "engine/signature/signature.h"
#include "tests/unit/engine_fake.h"
#include "tools/dumps.h"

static char folder[] = "/tmp/lvisor-dumps-XXXXXX";
static struct fake_process *p;
static struct dump_store store;

static int setup(void **state)
{
	fake_reset();
	p = fake_process(200, "calls", 4, LINUX_PAGE_PRIVATE);
	fake.regs[LVMON_LSTAR] = FAKE_KERNEL + 0x100;
	fake.regs[LVMON_CR3] = 0x5000;
	store = (struct dump_store){
		.folder = folder,
		.max = 1ull << 30,
		.ram_fd = open("/dev/null", O_RDONLY),
		.ram = (const char *)fake.ram,
		.ram_size = FAKE_RAM,
		.fd = -1,
	};
	return 0;
}

static int teardown(void **state)
{
	char command[100];

	close(store.ram_fd);
	fake_free();
	snprintf(command, sizeof(command), "rm -f %s/*", folder);
	return system(command);
}

/* In a handler of an event of p's. */
static void run(const char *body)
{
	static char text[4096];

	snprintf(text, sizeof(text), "lvmon.hook.syscall('openat', function(ev)\n%s\nend)", body);
	fake_signature("t.lua", text);
	assert_int_equal(fake_load(), 1);
	fake_event("__x64_sys_openat", p);
	if (fake_count("error"))
		fail_msg("%s", fake_string("error", 0, "message"));
}

/* All records so far to the tool; the record of the (only) dump as it leaves. */
static json_t *deliver(void)
{
	json_t *done = NULL;
	size_t i;

	for (i = 0; i < fake_count(NULL); i++) {
		json_t *r = fake_record(NULL, i);
		const char *kind = json_string_value(json_object_get(r, "kind"));

		if (kind && !strcmp(kind, "dump_part"))
			dumps_part(&store, r);
		if (kind && !strcmp(kind, "dump")) {
			dumps_finish(&store, r);
			done = r;
		}
	}
	return done;
}

static const char *text_of(json_t *r, const char *key)
{
	const char *text = json_string_value(json_object_get(r, key));

	return text ? text : "";
}

static long long number_of(json_t *r, const char *key)
{
	return json_integer_value(json_object_get(r, key));
}

static uint8_t *content(const char *path, size_t *size)
{
	FILE *f = fopen(path, "r");
	struct stat st;
	uint8_t *bytes;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	assert_int_equal(fread(bytes, 1, *size, f), *size);
	fclose(f);
	return bytes;
}

static const Elf64_Phdr *header(const uint8_t *file, size_t size, size_t i)
{
	const Elf64_Ehdr *h = (const void *)file;

	assert_true(size > sizeof(*h) && !memcmp(file, ELFMAG, SELFMAG) && h->e_type == ET_CORE);
	assert_true(i < h->e_phnum && h->e_phoff + h->e_phnum * sizeof(Elf64_Phdr) <= size);
	return (const Elf64_Phdr *)(file + h->e_phoff) + i;
}

/* The desc of the first note of this type: a copy, notes are aligned to four bytes only. */
static const void *note(const uint8_t *file, size_t size, uint32_t type)
{
	const Elf64_Phdr *ph = header(file, size, 0);
	static uint64_t copy[128];
	size_t at = ph->p_offset;

	assert_int_equal(ph->p_type, PT_NOTE);
	while (at < ph->p_offset + ph->p_filesz) {
		const Elf64_Nhdr *n = (const void *)(file + at);
		size_t desc = at + sizeof(*n) + ((n->n_namesz + 3u) & ~3u);

		if (n->n_type == type && n->n_descsz <= sizeof(copy))
			return memcpy(copy, file + desc, n->n_descsz);
		at = desc + ((n->n_descsz + 3u) & ~3u);
	}
	fail_msg("no note of type %u", type);
	return NULL;
}

static void check_process(const char *path)
{
	const Elf64_Phdr *a, *b, *c;
	const uint64_t *words;
	uint8_t *file;
	size_t size;

	file = content(path, &size);
	a = header(file, size, 1); /* two pages, one that is not there, one more */
	b = header(file, size, 2);
	assert_int_equal(a->p_vaddr, 0x400000);
	assert_int_equal(a->p_filesz, 0x2000);
	assert_int_equal(a->p_memsz, 0x3000);
	assert_int_equal(a->p_flags, PF_R | PF_X);
	assert_int_equal(b->p_vaddr, 0x403000);
	assert_int_equal(b->p_filesz, 0x1000);
	assert_true(a->p_offset % 4096 == 0 && b->p_offset % 4096 == 0);
	assert_memory_equal(file + a->p_offset + 4090, "over the border", 15);
	assert_memory_equal(file + b->p_offset, "last page", 9);
	words = note(file, size, NT_PRSTATUS);
	assert_int_equal(((const int32_t *)words)[8], 200);
	assert_int_equal(words[14 + 16], 0x401000); /* RIP */
	assert_string_equal((const char *)note(file, size, NT_PRPSINFO) + 40, "calls");
	words = note(file, size, NT_AUXV);
	assert_int_equal(words[0], 9);
	words = note(file, size, NT_FILE);
	assert_int_equal(words[0], 1);
	assert_int_equal(words[2], 0x400000);
	assert_int_equal(words[3], 0x404000);
	assert_string_equal((const char *)(words + 5), "/file/1");
	c = header(file, size, 0);
	assert_int_equal(c->p_type, PT_NOTE);
	free(file);
}

static void process(void **state)
{
	json_t *r;

	fake_page(p, 2, LINUX_PAGE_ABSENT);
	fake_write(p, 4090, "over the border", 15);
	fake_write(p, 3 * 4096, "last page", 9);
	run("local name, info = lvmon.getproc():dump('../my dump')\n"
	    "assert(name == '_._my_dump.core' and info.present == 3 and info.absent == 1, name)\n"
	    "assert(info.complete == true and info.reason == nil)\n");
	assert_true(fake.drains >= 2);
	r = deliver();
	assert_non_null(r);
	assert_string_equal(text_of(r, "error"), "");
	assert_string_equal(strrchr(text_of(r, "path"), '/'), "/_._my_dump.core");
	assert_int_equal(number_of(r, "present"), 3);
	assert_int_equal(number_of(r, "absent"), 1);
	assert_true(json_is_true(json_object_get(r, "complete")));
	assert_true(json_is_true(json_object_get(r, "atomic")));
	assert_int_equal(fake.holds, 1);
	assert_int_equal(fake.releases, 1);
	assert_int_equal(number_of(json_object_get(r, "process"), "pid"), 200);
	assert_null(json_object_get(r, "dump"));
	check_process(text_of(r, "path"));
}

static void machine(void **state)
{
	const Elf64_Phdr *image;
	struct dump dump;
	char error[256];
	uint8_t *file;
	size_t size;
	gva_t text;
	json_t *r;

	memcpy(fake.ram + (10 << 20), "somewhere in RAM", 16);
	fake.release_error = -ETIME; /* too late */
	run("local name, info = lvmon.dump()\n"
	    "assert(name == 'machine.core' and info.absent == 0 and info.present == 16384)\n");
	r = deliver();
	assert_string_equal(text_of(r, "error"), "");
	assert_true(json_is_false(json_object_get(r, "atomic")));
	file = content(text_of(r, "path"), &size);
	assert_int_equal(size, number_of(r, "size"));
	assert_int_equal(dump_parse(file, size, &dump, error, sizeof(error)), 0);
	assert_int_equal(dump.count, 1);
	assert_int_equal(dump.extents[0].gpa, 0);
	assert_int_equal(dump.extents[0].size, FAKE_RAM);
	assert_memory_equal(file + dump.extents[0].offset + (10 << 20), "somewhere in RAM", 16);
	/* The kernel's image is a second time in it, at its own address. */
	text = fake_symbol("_text");
	image = header(file, size, 2);
	assert_true(image->p_type == PT_LOAD && image->p_vaddr == text &&
		    image->p_paddr == text - FAKE_KERNEL);
	assert_true(image->p_filesz == 0x1000 && image->p_memsz == 0x1000);
	assert_true(image->p_offset == dump.extents[0].offset + image->p_paddr);
	assert_int_equal(dump.cpu_count, 1);
	assert_ptr_equal(dump_anchor(&dump, &text), dump.cpus);
	assert_int_equal(text, FAKE_KERNEL + 0x100);
	assert_int_equal(dump.cpus[0].regs[LVMON_CR3], 0x5000);
	dump_release(&dump);
	free(file);
}

/* Where the memory is not shared its bytes are sent. */
static void unshared(void **state)
{
	json_t *r;

	fake.drain = 1;
	store.ram_fd = -1;
	fake_page(p, 2, LINUX_PAGE_ABSENT);
	fake_write(p, 4090, "over the border", 15);
	fake_write(p, 3 * 4096, "last page", 9);
	/* The machine has more memory than a port can carry. */
	run("local name, why = lvmon.dump()\n"
	    "assert(name == nil and why:find('not shared'), why)\n"
	    "assert(lvmon.getproc():dump() == 'calls-200.core')\n");
	assert_int_equal(fake_count("dump"), 1);
	r = deliver();
	assert_string_equal(text_of(r, "error"), "");
	check_process(text_of(r, "path"));
	assert_false(store.open);
}

static void nobody_reads(void **state)
{
	fake.drain = -ETIMEDOUT;
	run("local name, why = lvmon.dump()\n"
	    "assert(name == nil and why:find('nobody reads'), why)\n"
	    "name, why = lvmon.getproc():dump()\n"
	    "assert(name == nil and why:find('nobody reads'), why)\n");
	assert_int_equal(fake_count("dump"), 0);
	assert_null(deliver());
}

static void kernel_threads(void **state)
{
	p->task.mm = 0;
	run("local name, why = lvmon.getproc():dump()\n"
	    "assert(name == nil and why:find('kernel thread'))\n");
}

static void in_a_dump(void **state)
{
	int i;

	engine.mode = ENGINE_DUMP;
	dump_folder(folder);
	fake_page(p, 2, LINUX_PAGE_ABSENT);
	fake_write(p, 4090, "over the border", 15);
	fake_write(p, 3 * 4096, "last page", 9);
	fake_signature("t.lua", "local p = lvmon.getproc(200)\n"
				"assert(p:dump('x') == 'x.core' and p:dump('x') == 'x.core')\n");
	assert_int_equal(fake_load(), 1);
	assert_int_equal(fake_count("dump_part"), 0);
	assert_int_equal(fake_count("dump"), 2);
	for (i = 0; i < 2; i++) {
		const char *path = fake_string("dump", (size_t)i, "path");

		assert_string_equal(strrchr(path, '/'), i ? "/x-2.core" : "/x.core");
		check_process(path);
	}
	assert_true(json_is_true(json_object_get(fake_record("dump", 0), "atomic")));
	dump_folder("/no/such/folder");
	fake_signature("u.lua",
		       "local name, why = lvmon.getproc(200):dump('x')\n"
		       "assert(name == nil and why == 'No such file or directory', why)\n");
	assert_int_equal(signature_load(signatures[signature_count - 1]), 0);
}

/* More segments than the first page has room for: their headers are behind them. */
static void many_segments(void **state)
{
	struct dump_writer w;
	uint8_t *file;
	size_t size, i;

	engine.mode = ENGINE_DUMP;
	dump_folder(folder);
	assert_int_equal(dump_begin(&w, "many"), 0);
	dump_note(&w, "CORE", NT_PRSTATUS, "note", 5);
	for (i = 0; i < 500; i++) {
		dump_segment(&w, 0x10000 * i, 0, PF_R);
		fake.ram[0x100000 + 0x2000 * i] = (uint8_t)i;
		dump_memory(&w, 0x100000 + 0x2000 * i, 0x1000);
		dump_absent(&w, 0x1000);
	}
	assert_int_equal(dump_end(&w, json_object()), 0);
	file = content(fake_string(NULL, fake_count(NULL) - 1, "path"), &size);
	assert_int_equal(((const Elf64_Ehdr *)file)->e_phnum, 501);
	assert_string_equal(note(file, size, NT_PRSTATUS), "note");
	for (i = 0; i < 500; i++) {
		const Elf64_Phdr *ph = header(file, size, i + 1);

		assert_int_equal(ph->p_vaddr, 0x10000 * i);
		assert_int_equal(ph->p_memsz, 0x2000);
		assert_int_equal(file[ph->p_offset], (uint8_t)i);
	}
	free(file);
}

/* The kernel's image once more, as kdump has it. */
static void said_again(void **state)
{
	const Elf64_Phdr *a, *b;
	struct dump_writer w;
	struct dump dump;
	char error[256];
	uint8_t *file;
	size_t size;

	engine.mode = ENGINE_DUMP;
	dump_folder(folder);
	assert_int_equal(dump_begin(&w, "again"), 0);
	dump_segment(&w, 0xffff888000100000, 0x100000, PF_R);
	dump_memory(&w, 0x100000, 0x8000);
	dump_again(&w, 0xffffffff81000000, 0x104000, 0x4000, PF_R | PF_X);
	dump_again(&w, 0xffffffff82000000, 0x104000, 0x4001, PF_R); /* not all of it is there */
	assert_int_equal(dump_end(&w, json_object()), 0);
	file = content(fake_string(NULL, fake_count(NULL) - 1, "path"), &size);
	a = header(file, size, 1);
	b = header(file, size, 2);
	assert_int_equal(((const Elf64_Ehdr *)file)->e_phnum, 3);
	assert_int_equal(b->p_offset, a->p_offset + 0x4000);
	assert_int_equal(b->p_paddr, 0x104000);
	assert_int_equal(b->p_filesz, 0x4000);
	assert_int_equal(dump_parse(file, size, &dump, error, sizeof(error)), 0);
	assert_int_equal(dump.count, 1);
	assert_int_equal(dump.extents[0].size, 0x8000);
	dump_release(&dump);
	free(file);
}

static void in_check(void **state)
{
	engine.mode = ENGINE_CHECK;
	fake_signature("t.lua", "local name, info = lvmon.getproc():dump()\n"
				"assert(name and info.present == 0)\n"
				"assert(lvmon.dump())\n");
	assert_int_equal(fake_load(), 1);
	assert_int_equal(fake_count("dump") + fake_count("dump_part"), 0);
}

/* --- what the tool does not believe --- */

static void part(const char *op, const char *rest)
{
	char text[512];
	json_t *r;

	snprintf(text, sizeof(text), "{\"kind\":\"dump_part\",\"dump\":1,\"op\":\"%s\"%s}", op,
		 rest);
	r = json_loads(text, 0, NULL);
	assert_non_null(r);
	dumps_part(&store, r);
	json_decref(r);
}

/* The end of dump 1: the error that it gets, or "". */
static const char *end(void)
{
	static char error[256];
	json_t *r = json_pack("{s:i, s:i}", "dump", 1, "size", 8192);

	dumps_finish(&store, r);
	snprintf(error, sizeof(error), "%s", text_of(r, "error"));
	assert_true(!*error == (json_object_get(r, "path") != NULL));
	json_decref(r);
	return error;
}

static void failed(const char *what)
{
	const char *error = end();

	if (!strstr(error, what))
		fail_msg("no '%s' in '%s'", what, error);
	assert_int_equal(access(store.path, F_OK), -1);
}

#define BEGIN ",\"name\":\"a.core\",\"ram_end\":67108864"

static void the_tool_believes_nothing(void **state)
{
	static const char *const names[] = {"../a.core", "a/b.core", ".core",
					    "a",	 ".a.core",  "a\\n.core"};
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(text, sizeof(text), ",\"name\":\"%s\",\"ram_end\":67108864", names[i]);
		part("begin", text);
		failed("name");
	}
	part("begin", "");
	failed("name");
	part("begin", ",\"name\":\"a.core\",\"ram_end\":6442450944");
	failed("RAM lies");
	part("begin", BEGIN);
	part("bytes", "");
	failed("nothing in it");
	part("begin", BEGIN);
	part("bytes", ",\"offset\":0,\"bytes\":\"abc\"");
	failed("damaged");
	part("begin", BEGIN);
	part("bytes", ",\"offset\":0,\"bytes\":\"a=bc\"");
	failed("damaged");
	part("begin", BEGIN);
	part("memory", ",\"extents\":\"AAAA\"");
	failed("damaged");
	part("begin", BEGIN);
	part("bytes", ",\"offset\":-1,\"bytes\":\"AAAA\"");
	failed("a part of it lies at");
	/* {0, 64 MB - 1, 2}: the last byte is there, and one more is not. */
	part("begin", BEGIN);
	part("memory", ",\"extents\":\"AAAAAAAAAAD///8DAAAAAAIAAAAAAAAA\"");
	failed("0x3ffffff is not in the guest's memory");
	/* {0, 2^64 - 1, 1} */
	part("begin", BEGIN);
	part("memory", ",\"extents\":\"AAAAAAAAAAD//////////wEAAAAAAAAA\"");
	failed("is not in the guest's memory");
	store.max = store.used + 2;
	part("begin", BEGIN);
	part("bytes", ",\"offset\":0,\"bytes\":\"AAAA\"");
	failed("--dumps-max");
	part("begin", BEGIN);
	part("bytes", ",\"offset\":8190,\"bytes\":\"AAA=\"");
	assert_string_equal(end(), "");
	/* Parts of nothing, ends of nothing. */
	assert_string_equal(end(), "parts of it were lost, and so it was not kept");
	part("bytes", ",\"offset\":0,\"bytes\":\"AAAA\"");
	part("dance", "");
	assert_false(dumps_close(&store));
	part("begin", BEGIN);
	assert_true(dumps_close(&store));
	assert_int_equal(access(store.path, F_OK), -1);
	store.folder = NULL;
	part("begin", BEGIN);
	assert_non_null(strstr(end(), "--dumps DIR"));
}

/* pc with 4 GB: 3 of them below the devices, one at 4 GB. */
static void memory_above_4_gb(void **state)
{
	char *ram = store.ram ? strdup("x") : NULL;

	store.ram_size = 4ull << 30;
	part("begin", ",\"name\":\"a.core\",\"ram_end\":5368709120");
	assert_int_equal(store.low, 3ull << 30);
	/* {0, 3 GB, 1}: a hole */
	part("memory", ",\"extents\":\"AAAAAAAAAAAAAADAAAAAAAEAAAAAAAAA\"");
	failed("0xc0000000 is not in");
	part("begin", ",\"name\":\"a.core\",\"ram_end\":5368709121");
	failed("RAM lies");
	free(ram);
}

static void base64(void **state)
{
	char to[16];

	assert_int_equal(dump_base64("", 0, to), 0);
	assert_string_equal(to, "");
	dump_base64("f", 1, to);
	assert_string_equal(to, "Zg==");
	dump_base64("fo", 2, to);
	assert_string_equal(to, "Zm8=");
	dump_base64("foobar", 6, to);
	assert_string_equal(to, "Zm9vYmFy");
}

static int make_folder(void **state)
{
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(process, setup, teardown),
		cmocka_unit_test_setup_teardown(machine, setup, teardown),
		cmocka_unit_test_setup_teardown(unshared, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(kernel_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_dump, setup, teardown),
		cmocka_unit_test_setup_teardown(many_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(said_again, setup, teardown),
		cmocka_unit_test_setup_teardown(in_check, setup, teardown),
		cmocka_unit_test_setup_teardown(the_tool_believes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_above_4_gb, setup, teardown),
		cmocka_unit_test(base64),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
