// SPDX-License-Identifier: Apache-2.0
/* Mappings as /proc shows them: names, which differ from kernel to kernel, and damaged lists. */
#include "tests/unit/linux_layout.h"

#define GATE	 (GUEST_BASE + 0x1000)
#define MODE	 (GUEST_BASE + 0x2000)
#define SPECIAL	 (GUEST_BASE + 0x3000) /* special_mapping_name() */
#define ANON	 (GUEST_BASE + 0x4000) /* anon_vma_name_alloc() */
#define VSYSCALL 0xffffffffff600000ull

static struct linux_task task;
static struct kernel_blob *blob;
static gva_t last;

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"Dgate_vma", GATE},
		{"Dvsyscall_mode", MODE},
		{"tspecial_mapping_name", SPECIAL},
		{"Tanon_vma_name_alloc", ANON},
	};

	layout_start();
	guest_kernel.field[F_MM_MT_ROOT] = NO_FIELD;
	guest_kernel.field[F_ANON_NAME_NAME] = 4;
	guest_kernel.field[F_SPECIAL_NAME] = 0;
	strcpy(guest_kernel.release, "6.12.3");
	put32(MODE, 2);
	guest_next = GUEST_BASE + 0x20000;
	blob = guest_symbols(symbols, 4);
	task = process_new(5);
	set(task.mm, F_MM_START_BRK, 0x10000000);
	set(task.mm, F_MM_BRK, 0x10004000);
	set(task.mm, F_MM_START_STACK, 0x7ffffffde010);
	last = at(task.mm, F_MM_MMAP);
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(blob);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static gva_t vma_new(gva_t start, gva_t end, uint64_t flags)
{
	gva_t vma = structure();

	set(vma, F_VMA_START, start);
	set(vma, F_VMA_END, end);
	set(vma, F_VMA_FLAGS, flags);
	put64(last, vma);
	last = at(vma, F_VMA_NEXT);
	return vma;
}

static struct linux_map *maps;
static size_t count;

static void read_maps(int want, size_t want_count)
{
	free(maps);
	assert_int_equal(linux_maps(&task, &maps, &count), want);
	assert_int_equal(count, want_count);
}

static void path_is(size_t i, const char *want)
{
	char path[300];

	assert_in_range(i, 0, count - 1);
	assert_int_equal(linux_map_path(&maps[i], path, sizeof(path)), 0);
	assert_string_equal(path, want);
	assert_int_equal(linux_map_path(&maps[i], path, 3), 0);
	assert_true(strlen(path) < 3);
}

static void test_columns(void **state)
{
	vma_new(0x400000, 0x402000, 5);
	vma_new(0x402000, 0x403000, 0x80 | 3);
	vma_new(0x500000, 0x501000, 0x70);
	read_maps(0, 3);
	assert_true(maps[0].start == 0x400000 && maps[0].stop == 0x402000 && maps[0].flags == 5);
	assert_string_equal(maps[0].perms, "r-xp");
	assert_string_equal(maps[1].perms, "rw-s");
	assert_string_equal(maps[2].perms, "---p");
	assert_true(maps[0].anonymous && !maps[0].inode && !maps[0].offset && !maps[0].device);
	path_is(0, "");
	free(maps);
	maps = NULL;
}

static void test_heap_and_stack(void **state)
{
	vma_new(0xfffc000, 0x10000000, 3); /* only touches it */
	vma_new(0x10000000, 0x10004000, 3);
	vma_new(0x10004000, 0x10005000, 3);
	vma_new(0x7ffffffde000, 0x7fffffff0000, 3);
	read_maps(0, 4);
	path_is(0, "");
	path_is(1, "[heap]");
	path_is(2, "");
	path_is(3, "[stack]");
	strcpy(blob->release, "6.1.0-56");
	read_maps(0, 4);
	path_is(0, "[heap]");
	path_is(2, "[heap]");
	strcpy(blob->release, "unknown");
	read_maps(0, 4);
	path_is(0, "");
	blob->field[F_MM_BRK] = NO_FIELD;
	read_maps(0, 4);
	path_is(1, "");
	free(maps);
	maps = NULL;
}

static void test_special(void **state)
{
	gva_t vma = vma_new(0x7fff00000000, 0x7fff00002000, 5), ops = structure();
	gva_t mapping = structure();

	set(vma, F_VMA_OPS, ops);
	set(vma, F_VMA_PRIVATE, mapping);
	set(mapping, F_SPECIAL_NAME, string("[vdso]"));
	set(ops, F_VMA_OPS_NAME, ANON); /* another function */
	read_maps(0, 1);
	path_is(0, "");
	set(ops, F_VMA_OPS_NAME, SPECIAL);
	read_maps(0, 1);
	path_is(0, "[vdso]");
	set(mapping, F_SPECIAL_NAME, 0xffff999900000000ull);
	read_maps(0, 1);
	assert_int_equal(linux_map_path(&maps[0], (char[8]){0}, 8), -EFAULT);
	set(vma, F_VMA_PRIVATE, 8);
	read_maps(0, 1);
	path_is(0, "");
	free(maps);
	maps = NULL;
}

static void test_names_of_memory(void **state)
{
	gva_t vma = vma_new(0x500000, 0x501000, 3), name = structure();

	memcpy(guest_at(name + 4), "a name", 7);
	set(vma, F_VMA_ANON_NAME, name);
	read_maps(0, 1);
	path_is(0, "[anon:a name]");
	set(vma, F_VMA_FILE, structure());
	read_maps(-EFAULT, 0); /* a file without an inode */
	blob->field[F_FILE_INODE] = NO_FIELD;
	read_maps(0, 1);
	path_is(0, "[anon_shmem:a name]");
	/* To 6.1 a file's mapping has something else there. */
	blob->field[F_VMA_SHARED] = blob->field[F_VMA_ANON_NAME];
	read_maps(0, 1);
	assert_int_equal(maps[0].name, LINUX_MAP_FILE);
	set(vma, F_VMA_FILE, 0);
	read_maps(0, 1);
	path_is(0, "[anon:a name]");
	free(maps);
	maps = NULL;
}

static gva_t file_new(uint64_t inode_number, uint32_t device)
{
	gva_t file = structure(), inode = structure(), sb = structure();

	set(file, F_FILE_INODE, inode);
	set(inode, F_INODE_INO, inode_number);
	set(inode, F_INODE_SB, sb);
	set(sb, F_SB_DEV, device);
	return file;
}

static void test_files(void **state)
{
	gva_t vma = vma_new(0x500000, 0x501000, 3), file = file_new(1234, 8 << 20 | 17);
	gva_t dentry = structure();

	set(vma, F_VMA_FILE, file);
	set(vma, F_VMA_PGOFF, 5);
	read_maps(0, 1);
	assert_true(!maps[0].anonymous && maps[0].inode == 1234 && maps[0].offset == 5 * 4096);
	assert_true(LINUX_MAJOR(maps[0].device) == 8 && LINUX_MINOR(maps[0].device) == 17);
	/* Below overlayfs, what the user opened is shown. */
	set(dentry, F_DENTRY_INODE, follow(file_new(99, 3), F_FILE_INODE));
	set(file, F_BACKING_DENTRY, dentry);
	set(file, F_FILE_MODE, 1u << 25);
	read_maps(0, 1);
	assert_true(maps[0].inode == 99 && maps[0].device == 3);
	strcpy(blob->release, "6.14.0");
	read_maps(0, 1);
	assert_true(maps[0].inode == 1234);
	set(file, F_FILE_MODE, 1u << 24);
	read_maps(0, 1);
	assert_true(maps[0].inode == 99);
	set(file, F_BACKING_DENTRY, 16);
	read_maps(-EFAULT, 0);
	free(maps);
	maps = NULL;
}

static void test_vsyscall(void **state)
{
	set(GATE, F_VMA_START, VSYSCALL);
	set(GATE, F_VMA_END, VSYSCALL + 4096);
	set(GATE, F_VMA_FLAGS, 4);
	vma_new(0x400000, 0x401000, 5);
	set(task.mm, F_MM_CONTEXT_FLAGS, 2);
	read_maps(0, 1); /* mode: none */
	put32(MODE, 1);
	read_maps(0, 2);
	path_is(1, "[vsyscall]");
	assert_string_equal(maps[1].perms, "--xp");
	assert_true(maps[1].start == VSYSCALL);
	set(task.mm, F_MM_CONTEXT_FLAGS, 1); /* a 32-bit process */
	read_maps(0, 1);
	blob->field[F_MM_CONTEXT_FLAGS] = NO_FIELD;
	read_maps(0, 2);
	set(task.mm, F_MM_IA32, 1);
	read_maps(0, 1);
	free(maps);
	maps = NULL;
}

static void test_damage(void **state)
{
	gva_t a = vma_new(0x400000, 0x401000, 1), b = vma_new(0x500000, 0x501000, 1);
	gva_t c = vma_new(0x600000, 0x601000, 1);
	struct linux_task thread = task;

	set(b, F_VMA_END, 0x500000); /* empty: left out */
	read_maps(-EFAULT, 2);
	assert_true(maps[1].start == 0x600000);
	set(b, F_VMA_END, 0x500123);
	read_maps(-EFAULT, 2);
	set(b, F_VMA_START, 0x400000); /* twice the same place */
	set(b, F_VMA_END, 0x401000);
	read_maps(-EFAULT, 2);
	set(b, F_VMA_START, 0x1ull << 60);
	set(b, F_VMA_END, (0x1ull << 60) + 4096);
	read_maps(-EFAULT, 2);
	set(b, F_VMA_START, 0x500000);
	set(b, F_VMA_END, 0x501000);
	read_maps(0, 3);
	set(c, F_VMA_NEXT, a); /* round and round */
	read_maps(-EOVERFLOW, 3);
	set(c, F_VMA_NEXT, 0x1000);
	read_maps(-EFAULT, 3);
	free(maps);
	maps = NULL;
	thread.mm = 0;
	assert_int_equal(linux_maps(&thread, &maps, &count), 0);
	assert_int_equal(count, 0);
	thread.mm = 0xffff999900000000ull;
	assert_int_equal(linux_maps(&thread, &maps, &count), -EFAULT);
	strcpy(blob->missing[LINUX_MEMORY], "struct x has no y");
	assert_int_equal(linux_maps(&task, &maps, &count), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_heap_and_stack, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_special, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_of_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_vsyscall, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
