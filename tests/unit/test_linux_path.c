// SPDX-License-Identifier: Apache-2.0
/* Paths: across mounts, unlinked, too long, and dentries and mounts that lead in circles. */
#include "tests/unit/linux_guest.h"

enum { NAME = 0, LENGTH = 8, PARENT = 16, PPREV = 24, DENTRY_SIZE = 32 };
enum { ABOVE = 0, POINT = 8, VFS = 16, MOUNT_SIZE = 32 }; /* struct mount; vfsmount at VFS */
enum { FILE_MNT = 0, FILE_DENTRY = 8, FILE_SIZE = 16 };

static gva_t root, root_mount;

static gva_t dentry_new(gva_t parent, const char *name)
{
	gva_t d = guest_alloc(DENTRY_SIZE, 8), s = guest_alloc(strlen(name) + 1, 1);

	memcpy(guest_at(s), name, strlen(name));
	put64(d + NAME, s);
	put32(d + LENGTH, (uint32_t)strlen(name));
	put64(d + PARENT, parent ? parent : d);
	put64(d + PPREV, 1);
	return d;
}

static gva_t mount_new(gva_t above, gva_t point, gva_t mnt_root)
{
	gva_t m = guest_alloc(MOUNT_SIZE, 8);

	put64(m + ABOVE, above ? above : m);
	put64(m + POINT, point);
	put64(m + VFS, mnt_root);
	return m;
}

static gva_t file_new(gva_t mount, gva_t dentry)
{
	gva_t f = guest_alloc(FILE_SIZE, 8);

	put64(f + FILE_MNT, mount + VFS);
	put64(f + FILE_DENTRY, dentry);
	return f;
}

static int set_up(void **state)
{
	guest_start();
	guest_kernel.field[F_FILE_MNT] = FILE_MNT;
	guest_kernel.field[F_FILE_DENTRY] = FILE_DENTRY;
	guest_kernel.field[F_DENTRY_NAME] = NAME;
	guest_kernel.field[F_DENTRY_NAME_LEN] = LENGTH;
	guest_kernel.field[F_DENTRY_PARENT] = PARENT;
	guest_kernel.field[F_DENTRY_PPREV] = PPREV;
	guest_kernel.field[F_MOUNT_MNT] = VFS;
	guest_kernel.field[F_MOUNT_PARENT] = ABOVE;
	guest_kernel.field[F_MOUNT_MOUNTPOINT] = POINT;
	guest_kernel.field[F_VFSMOUNT_ROOT] = 0;
	root = dentry_new(0, "/");
	root_mount = mount_new(0, root, root);
	return 0;
}

static int tear_down(void **state)
{
	free(guest_ram);
	guest_ram = NULL;
	return 0;
}

static void expect(gva_t file, const char *want)
{
	char buf[4200];

	assert_int_equal(path_of_file(file, buf, sizeof(buf)), 0);
	assert_string_equal(buf, want);
}

static void test_paths(void **state)
{
	gva_t usr = dentry_new(root, "usr"), bin = dentry_new(usr, "bin"), sh;
	gva_t other = dentry_new(0, "/"), over, top = dentry_new(0, "/"), mount;

	sh = dentry_new(bin, "sh");
	expect(file_new(root_mount, sh), "/usr/bin/sh");
	expect(file_new(root_mount, usr), "/usr");
	expect(file_new(root_mount, root), "/");
	/* a mount on /usr/bin, and another one on top of its root */
	over = mount_new(root_mount, bin, other);
	expect(file_new(over, dentry_new(other, "x")), "/usr/bin/x");
	mount = mount_new(over, other, top);
	expect(file_new(mount, dentry_new(top, "y")), "/usr/bin/y");
	expect(file_new(mount, top), "/usr/bin");
	/* a bind mount of a directory deeper down */
	mount = mount_new(root_mount, usr, bin);
	expect(file_new(mount, sh), "/usr/sh");
	put64(sh + PPREV, 0);
	expect(file_new(root_mount, sh), "/usr/bin/sh (deleted)");
}

static void test_bounds(void **state)
{
	char buf[64], name[257];
	gva_t d = root, a, b, m, f;
	int i;

	memset(name, 'n', 256);
	name[256] = 0;
	d = dentry_new(root, name); /* longer than NAME_MAX */
	assert_int_equal(path_of_file(file_new(root_mount, d), buf, sizeof(buf)), -EINVAL);
	name[255] = 0;
	d = dentry_new(root, name);
	f = file_new(root_mount, d);
	assert_int_equal(path_of_file(f, buf, sizeof(buf)), 0); /* cut off */
	assert_int_equal(strlen(buf), sizeof(buf) - 1);
	for (i = 0; i < 20; i++)
		d = dentry_new(d, name);
	assert_int_equal(path_of_file(file_new(root_mount, d), buf, sizeof(buf)), -ENAMETOOLONG);
	d = root;
	for (i = 0; i < 1000; i++)
		d = dentry_new(d, "d");
	assert_int_equal(path_of_file(file_new(root_mount, d), buf, sizeof(buf)), -ELOOP);
	/* each other's parents */
	a = dentry_new(root, "");
	b = dentry_new(a, "");
	put64(a + PARENT, b);
	assert_int_equal(path_of_file(file_new(root_mount, a), buf, sizeof(buf)), -ELOOP);
	/* a mount that is mounted on its own root, by way of another one */
	d = dentry_new(0, "/");
	m = mount_new(root_mount, d, d);
	put64(m + ABOVE, mount_new(m, d, d));
	assert_int_equal(path_of_file(file_new(m, d), buf, sizeof(buf)), -ELOOP);
	/* pointers to nowhere */
	f = file_new(root_mount, 0xffff999912345678ull);
	assert_int_equal(path_of_file(f, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(path_of_file(0, buf, sizeof(buf)), -EFAULT);
	assert_int_equal(path_of_file(0x400000, buf, sizeof(buf)), -EFAULT);
	d = dentry_new(root, "x");
	put64(d + NAME, 0x400000);
	assert_int_equal(path_of_file(file_new(root_mount, d), buf, sizeof(buf)), -EINVAL);
	assert_int_equal(path_of_file(f, buf, 0), -EINVAL);
}

enum { OPS = 32, INODE = 40, FSDATA = 48, PSEUDO_SIZE = 56 }; /* more of struct dentry */
enum { INO = 0, PRIVATE = 8 };				      /* struct inode */
#define TEXT (GUEST_BASE + 0x1000)

/* A dentry as d_alloc_pseudo() makes it: its own parent, and no mount has it as root. */
static gva_t pseudo_new(const char *name, gva_t dname, uint64_t ino)
{
	gva_t d = guest_alloc(PSEUDO_SIZE, 8), s = guest_alloc(strlen(name) + 1, 1);
	gva_t inode = guest_alloc(16, 8), ops = guest_alloc(16, 8);

	memcpy(guest_at(s), name, strlen(name));
	put64(d + NAME, s);
	put32(d + LENGTH, (uint32_t)strlen(name));
	put64(d + PARENT, d);
	put64(d + OPS, ops);
	put64(d + INODE, inode);
	put64(ops + 8, dname);
	put64(inode + INO, ino);
	return d;
}

static gva_t string_new(const char *text)
{
	gva_t s = guest_alloc(strlen(text) + 1, 1);

	memcpy(guest_at(s), text, strlen(text) + 1);
	return s;
}

/* What is on no mounted file system. */
static void test_made_up_names(void **state)
{
	static const struct guest_symbol symbols[] = {
		{"tpipefs_dname", TEXT},      {"tsockfs_dname", TEXT + 16},
		{"tns_dname", TEXT + 32},     {"tdmabuffs_dname", TEXT + 48},
		{"tpidfs_dname", TEXT + 64},  {"tanon_inodefs_dname", TEXT + 80},
		{"Tsimple_dname", TEXT + 96},
	};
	gva_t mount = mount_new(0, root, root), d, ns, ops, inode;
	struct kernel_blob *blob;
	char buf[64];

	guest_kernel.field[F_DENTRY_OPS] = OPS;
	guest_kernel.field[F_DENTRY_INODE] = INODE;
	guest_kernel.field[F_DENTRY_FSDATA] = FSDATA;
	guest_kernel.field[F_DENTRY_OPS_DNAME] = 8;
	guest_kernel.field[F_INODE_INO] = INO;
	guest_kernel.field[F_INODE_PRIVATE] = PRIVATE;
	guest_kernel.field[F_NS_OPS] = 8;
	guest_kernel.field[F_NS_OPS_NAME] = 0;
	guest_kernel.field[F_DMA_BUF_NAME] = 8;
	blob = guest_symbols(symbols, sizeof(symbols) / sizeof(symbols[0]));
	expect(file_new(mount, pseudo_new("", TEXT, 123)), "pipe:[123]");
	expect(file_new(mount, pseudo_new("TCP", TEXT + 16, ~0ull)),
	       "socket:[18446744073709551615]");
	expect(file_new(mount, pseudo_new("", TEXT + 64, 7)), "anon_inode:[pidfd]");
	expect(file_new(mount, pseudo_new("[eventfd]", TEXT + 80, 7)), "anon_inode:[eventfd]");
	expect(file_new(mount, pseudo_new("memfd:x", TEXT + 96, 7)), "/memfd:x (deleted)");
	d = pseudo_new("dmabuf", TEXT + 48, 7);
	expect(file_new(mount, d), "/dmabuf:");
	ops = guest_alloc(16, 8);
	put64(d + FSDATA, ops);
	expect(file_new(mount, d), "/dmabuf:");
	put64(ops + 8, string_new("udmabuf"));
	expect(file_new(mount, d), "/dmabuf:udmabuf");

	d = pseudo_new("", TEXT + 32, 4026531840u);
	memcpy(&inode, guest_at(d + INODE), 8);
	ns = guest_alloc(16, 8);
	ops = guest_alloc(8, 8);
	put64(inode + PRIVATE, ns);
	put64(ns + 8, ops);
	put64(ops, string_new("net"));
	expect(file_new(mount, d), "net:[4026531840]");
	/* A name that does not end is cut. */
	put64(ops, string_new("0123456789012345678901234567890123456789"));
	expect(file_new(mount, d), "0123456789012345678901234567890:[4026531840]");
	put64(ops, 0xffff999912345678ull);
	assert_int_equal(path_of_file(file_new(mount, d), buf, sizeof(buf)), -EFAULT);
	put64(d + INODE, 0);
	assert_int_equal(path_of_file(file_new(mount, d), buf, sizeof(buf)), -EFAULT);
	put64(d + OPS, 0x400000);
	assert_int_equal(path_of_file(file_new(mount, d), buf, sizeof(buf)), -EFAULT);
	/*
	 * The root of such a file system, where it is mounted; and other operations than d_dname.
	 */
	d = pseudo_new("", TEXT + 96, 7);
	expect(file_new(mount_new(0, root, d), d), "/");
	d = pseudo_new("x", 0, 7);
	put64(d + PARENT, root);
	put64(d + PPREV, 1);
	expect(file_new(root_mount, d), "/x");
	free(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_made_up_names, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
