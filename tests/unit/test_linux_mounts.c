// SPDX-License-Identifier: Apache-2.0
/* Mounts: in a list and in a tree, from a root that does not see all of them, and damaged. */
#include "tests/unit/linux_layout.h"

#define NO_MAP	(GUEST_BASE + 0x1000) /* nop_mnt_idmap */
#define INIT_NS (GUEST_BASE + 0x2000) /* init_user_ns */

static struct linux_task task;
static struct kernel_blob *blob;
static gva_t ns, root_mount, root_dentry, last;
static struct linux_mount *mounts;
static size_t count;

static gva_t dentry_new(gva_t parent, const char *name)
{
	gva_t d = structure();

	set(d, F_DENTRY_NAME, string(name));
	set(d, F_DENTRY_NAME_LEN, strlen(name));
	set(d, F_DENTRY_PARENT, parent ? parent : d);
	set(d, F_DENTRY_PPREV, 1);
	return d;
}

static gva_t mnt(gva_t mount)
{
	return at(mount, F_MOUNT_MNT);
}

static gva_t mount_new(int id, gva_t above, gva_t point, gva_t mnt_root)
{
	gva_t m = structure(), sb = structure(), type = structure();

	set(m, F_MOUNT_PARENT, above ? above : m);
	set(m, F_MOUNT_MOUNTPOINT, point);
	set(m, F_MOUNT_ID, (uint64_t)id);
	set(m, F_MOUNT_UNIQUE, 1000 + (uint64_t)id);
	set(m, F_MOUNT_DEVNAME, string("/dev/sda1"));
	set(mnt(m), F_VFSMOUNT_ROOT, mnt_root);
	set(mnt(m), F_VFSMOUNT_SB, sb);
	set(mnt(m), F_VFSMOUNT_IDMAP, NO_MAP);
	set(sb, F_SB_DEV, 8u << 20 | (unsigned int)id);
	set(sb, F_SB_TYPE, type);
	set(type, F_FS_TYPE_NAME, string("ext4"));
	return m;
}

/* At the end of the namespace's list. */
static gva_t listed(gva_t m)
{
	put64(last, m);
	put64(m, at(ns, F_MNT_NS_LIST));
	last = m;
	return m;
}

static int set_up(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"Dnop_mnt_idmap", NO_MAP},
		{"Dinit_user_ns", INIT_NS},
	};
	gva_t proxy, fs;

	layout_start();
	guest_next = GUEST_BASE + 0x20000;
	blob = guest_symbols(symbols, 2);
	blob->field[F_MNT_NS_TREE] = NO_FIELD;
	blob->field[F_MOUNT_T_FLAGS] = NO_FIELD;
	task = process_new(5);
	ns = structure();
	proxy = structure();
	fs = structure();
	set(task.task, F_TASK_NSPROXY, proxy);
	set(task.task, F_TASK_FS, fs);
	set(proxy, F_NSPROXY_MNT, ns);
	last = at(ns, F_MNT_NS_LIST);
	root_dentry = dentry_new(0, "/");
	root_mount = listed(mount_new(1, 0, root_dentry, root_dentry));
	set(fs, F_FS_ROOT_MNT, mnt(root_mount));
	set(fs, F_FS_ROOT_DENTRY, root_dentry);
	return 0;
}

static int tear_down(void **state)
{
	kernel = NULL;
	free(mounts);
	mounts = NULL;
	free(blob);
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void read_mounts(int want, size_t want_count)
{
	free(mounts);
	assert_int_equal(linux_mounts(&task, &mounts, &count), want);
	assert_int_equal(count, want_count);
}

static void text_is(size_t i, enum linux_mount_text which, const char *want)
{
	char text[300];

	assert_in_range(i, 0, count - 1);
	assert_int_equal(linux_mount_text(&mounts[i], which, text, sizeof(text)), 0);
	assert_string_equal(text, want);
	assert_int_equal(linux_mount_text(&mounts[i], which, text, 2), 0);
	assert_true(strlen(text) < 2);
}

static void test_columns(void **state)
{
	gva_t tmp = dentry_new(root_dentry, "tmp"), other = dentry_new(0, "/");
	gva_t folder = dentry_new(other, "folder"), m, sb;

	m = listed(mount_new(20, root_mount, tmp, folder));
	sb = follow(mnt(m), F_VFSMOUNT_SB);
	put32(at(mnt(m), F_VFSMOUNT_FLAGS), 0x40 | 1 | 2 | 4 | 8 | 0x10 | 0x20 | 0x80);
	set(sb, F_SB_FLAGS, 1);
	set(sb, F_SB_SUBTYPE, string("sshfs"));
	read_mounts(0, 2);
	assert_true(mounts[0].id == 1 && mounts[0].parent_id == 1 && !mounts[0].sb_readonly);
	assert_true(mounts[1].id == 20 && mounts[1].parent_id == 1 && mounts[1].sb_readonly);
	assert_true(LINUX_MAJOR(mounts[1].device) == 8 && LINUX_MINOR(mounts[1].device) == 20);
	text_is(0, LINUX_MOUNT_PATH, "/");
	text_is(0, LINUX_MOUNT_ROOT, "/");
	text_is(0, LINUX_MOUNT_OPTIONS, "rw");
	text_is(0, LINUX_MOUNT_TYPE, "ext4");
	text_is(1, LINUX_MOUNT_PATH, "/tmp");
	text_is(1, LINUX_MOUNT_ROOT, "/folder");
	text_is(1, LINUX_MOUNT_OPTIONS,
		"ro,nosuid,nodev,noexec,noatime,nodiratime,relatime,nosymfollow");
	text_is(1, LINUX_MOUNT_TYPE, "ext4.sshfs");
	text_is(1, LINUX_MOUNT_SOURCE, "/dev/sda1");
	set(m, F_MOUNT_DEVNAME, 0);
	set(folder, F_DENTRY_PPREV, 0); /* removed */
	text_is(1, LINUX_MOUNT_SOURCE, "none");
	text_is(1, LINUX_MOUNT_ROOT, "/folder//deleted");
	set(mnt(m), F_VFSMOUNT_IDMAP, INIT_NS);
	put32(at(mnt(m), F_VFSMOUNT_FLAGS), 0);
	read_mounts(0, 2);
	text_is(1, LINUX_MOUNT_OPTIONS, "rw,idmapped");
	blob->field[F_VFSMOUNT_IDMAP] = NO_FIELD; /* to 6.1 */
	set(mnt(m), F_VFSMOUNT_USER_NS, INIT_NS);
	set(mnt(root_mount), F_VFSMOUNT_USER_NS, INIT_NS);
	read_mounts(0, 2);
	text_is(1, LINUX_MOUNT_OPTIONS, "rw");
}

static void test_propagation(void **state)
{
	gva_t m = listed(mount_new(2, root_mount, dentry_new(root_dentry, "a"), root_dentry));
	gva_t master = structure();

	set(m, F_MOUNT_GROUP, 5);
	set(master, F_MOUNT_GROUP, 4);
	read_mounts(0, 2);
	assert_true(!mounts[1].group && !mounts[1].master && !mounts[1].unbindable);
	put32(at(mnt(m), F_VFSMOUNT_FLAGS), 0x1000);
	set(m, F_MOUNT_MASTER, master);
	read_mounts(0, 2);
	assert_true(mounts[1].group == 5 && mounts[1].master == 4 && !mounts[1].unbindable);
	blob->field[F_MOUNT_T_FLAGS] = 8 * F_MOUNT_T_FLAGS; /* from 6.17 */
	read_mounts(0, 2);
	assert_true(!mounts[1].group);
	set(m, F_MOUNT_T_FLAGS, 3);
	read_mounts(0, 2);
	assert_true(mounts[1].group == 5 && mounts[1].unbindable);
	set(m, F_MOUNT_MASTER, 24);
	read_mounts(-EFAULT, 1);
}

/*
 * A reader of the list has a place in it that is no mount; what lies outside of a root is not seen.
 */
static void test_not_seen(void **state)
{
	gva_t jail = dentry_new(root_dentry, "jail"), out = dentry_new(root_dentry, "out");
	gva_t in = dentry_new(jail, "in"), top = dentry_new(0, "/"), cursor = structure(), m;

	put32(at(mnt(cursor), F_VFSMOUNT_FLAGS), 0x10000000);
	listed(cursor);
	listed(mount_new(2, root_mount, out, top));
	m = listed(mount_new(3, root_mount, in, top));
	listed(mount_new(4, m, top, dentry_new(0, "/")));
	read_mounts(0, 4);
	text_is(3, LINUX_MOUNT_PATH, "/jail/in");
	set(follow(task.task, F_TASK_FS), F_FS_ROOT_DENTRY, jail);
	read_mounts(0, 2);
	assert_int_equal(mounts[0].id, 3);
	text_is(0, LINUX_MOUNT_PATH, "/in");
	set(task.task, F_TASK_FS, 0); /* a zombie */
	read_mounts(0, 0);
}

static void test_damaged_list(void **state)
{
	gva_t m = listed(mount_new(2, root_mount, dentry_new(root_dentry, "a"), root_dentry));

	set(mnt(m), F_VFSMOUNT_SB, 0x1000);
	read_mounts(-EFAULT, 1);
	set(mnt(m), F_VFSMOUNT_SB, follow(mnt(root_mount), F_VFSMOUNT_SB));
	read_mounts(0, 2);
	set(m, F_MOUNT_PARENT, 0xffff999900000000ull);
	read_mounts(-EFAULT, 1);
	set(m, F_MOUNT_PARENT, root_mount);
	set(follow(m, F_MOUNT_MOUNTPOINT), F_DENTRY_NAME_LEN, 256);
	read_mounts(-EFAULT, 1);
	put64(m, root_mount); /* round and round */
	free(mounts);
	assert_int_equal(linux_mounts(&task, &mounts, &count), -EOVERFLOW);
	assert_in_range(count, 1, 8);
	put64(m, 0x3000);
	read_mounts(-EFAULT, 1);
	set(follow(task.task, F_TASK_NSPROXY), F_NSPROXY_MNT, 0x1000);
	read_mounts(-EFAULT, 0);
	strcpy(blob->missing[LINUX_MOUNTS], "struct x has no y");
	read_mounts(-ENOTSUP, 0);
}

static gva_t node(gva_t m)
{
	return m ? at(m, F_MOUNT_NODE) : 0;
}

static void children(gva_t m, gva_t left, gva_t right)
{
	set(node(m), F_RB_LEFT, node(left));
	set(node(m), F_RB_RIGHT, node(right));
}

static void test_tree(void **state)
{
	gva_t m[7];
	int i;

	blob->field[F_MNT_NS_TREE] = 8 * F_MNT_NS_TREE;
	read_mounts(0, 0);
	for (i = 0; i < 7; i++) {
		char name[16];

		snprintf(name, sizeof(name), "m%d", i);
		m[i] = mount_new(10 + i, root_mount, dentry_new(root_dentry, name), root_dentry);
	}
	set(ns, F_MNT_NS_TREE, node(m[3]));
	children(m[3], m[1], m[5]);
	children(m[1], m[0], m[2]);
	children(m[5], m[4], m[6]);
	read_mounts(0, 7);
	for (i = 0; i < 7; i++)
		assert_int_equal(mounts[i].id, 10 + i);
	text_is(6, LINUX_MOUNT_PATH, "/m6");
	children(m[6], 0, m[3]); /* round and round to the right, and to the left */
	read_mounts(-EOVERFLOW, 7);
	blob->field[F_MOUNT_UNIQUE] = NO_FIELD;
	free(mounts);
	assert_int_equal(linux_mounts(&task, &mounts, &count), -EOVERFLOW);
	children(m[6], m[6], 0);
	free(mounts);
	assert_int_equal(linux_mounts(&task, &mounts, &count), -EOVERFLOW);
	children(m[6], 0, 0);
	set(node(m[5]), F_RB_LEFT, 0x1000);
	read_mounts(-EFAULT, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_columns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_propagation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_list, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tree, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
