// SPDX-License-Identifier: Apache-2.0
/*
 * Threads, mappings and mounts when memory is short and when guest memory cannot be read: each
 * allocation and each read fails in turn. A listing is whole, or an error says that it is not.
 */
#include <sanitizer/lsan_interface.h>
#include "tests/unit/fault.h"
#include "tests/unit/fault_guest.h"
#include "tests/unit/linux_layout.h"

#define THREADS	   20
#define MAPS	   70
#define MOUNTS	   40
#define MAX_FAULTS 20000

static struct linux_task task;

static gva_t mount_new(int id, gva_t above, gva_t root)
{
	gva_t m = structure(), mnt = at(m, F_MOUNT_MNT), sb = structure();

	set(m, F_MOUNT_ID, (uint64_t)id);
	set(m, F_MOUNT_PARENT, above ? above : m);
	set(m, F_MOUNT_MOUNTPOINT, root);
	set(mnt, F_VFSMOUNT_ROOT, root);
	set(mnt, F_VFSMOUNT_SB, sb);
	return m;
}

static int set_up(void **state)
{
	gva_t last, proxy, fs, ns, dentry, mount;
	int i;

	layout_start();
	guest_kernel.field[F_MM_MT_ROOT] = NO_FIELD;
	guest_kernel.field[F_MNT_NS_TREE] = NO_FIELD;
	*state = guest_symbols((const struct guest_symbol[]){{"T_text", GUEST_BASE}}, 1);
	task = process_new(5);
	last = task.task;
	for (i = 1; i < THREADS; i++) {
		gva_t thread = structure();

		memcpy(guest_at(thread), guest_at(task.task), STRUCT);
		put64(last, thread);
		last = thread;
	}
	put64(last, at(follow(task.task, F_TASK_SIGNAL), F_SIGNAL_THREADS));
	last = at(task.mm, F_MM_MMAP);
	for (i = 0; i < MAPS; i++) {
		gva_t vma = structure();

		set(vma, F_VMA_START, 0x400000 + 0x2000 * (gva_t)i);
		set(vma, F_VMA_END, 0x401000 + 0x2000 * (gva_t)i);
		put64(last, vma);
		last = at(vma, F_VMA_NEXT);
	}
	proxy = structure();
	fs = structure();
	ns = structure();
	dentry = structure();
	set(task.task, F_TASK_NSPROXY, proxy);
	set(task.task, F_TASK_FS, fs);
	set(proxy, F_NSPROXY_MNT, ns);
	set(dentry, F_DENTRY_PARENT, dentry);
	last = at(ns, F_MNT_NS_LIST);
	mount = 0;
	for (i = 0; i < MOUNTS; i++) {
		gva_t m = mount_new(i, mount, dentry);

		put64(last, m);
		put64(m, at(ns, F_MNT_NS_LIST));
		last = m;
		if (!i) {
			mount = m;
			set(fs, F_FS_ROOT_MNT, at(m, F_MOUNT_MNT));
			set(fs, F_FS_ROOT_DENTRY, dentry);
		}
	}
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(*state);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static bool rows_are(int err, size_t count, size_t want, bool reads_fail)
{
	assert_true(err <= 0 && (reads_fail || !err || err == -ENOMEM));
	assert_true(count <= want && (err || count == want));
	assert_true(err != -ENOMEM || !count);
	return !err;
}

static bool views(bool reads_fail)
{
	struct linux_task *threads;
	struct linux_mount *mounts;
	struct linux_map *maps;
	bool whole;
	size_t n;
	int err;

	linux_guest_ran();
	err = linux_threads(&task, &threads, &n);
	whole = rows_are(err, n, THREADS, reads_fail);
	free(threads);
	err = linux_maps(&task, &maps, &n);
	whole &= rows_are(err, n, MAPS, reads_fail);
	free(maps);
	err = linux_mounts(&task, &mounts, &n);
	whole &= rows_are(err, n, MOUNTS, reads_fail);
	free(mounts);
	return whole;
}

static void walk(enum fault_kind kind, bool onwards)
{
	bool happened = true;
	uint64_t n;

	for (n = 1; happened && n < MAX_FAULTS; n++) {
		fault_begin(kind, n, onwards);
		views(kind == FAULT_READ);
		happened = fault_end();
	}
	assert_in_range(n, 5, MAX_FAULTS - 1);
	assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	print_message("%llu faults of kind %d\n", (unsigned long long)n - 2, kind);
	/* What failed before does not stay so. */
	assert_true(views(false));
}

static void allocations(void **state)
{
	walk(FAULT_ALLOCATION, false);
	walk(FAULT_ALLOCATION, true);
}

static void guest_reads(void **state)
{
	walk(FAULT_READ, false);
	walk(FAULT_READ, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(allocations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guest_reads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
