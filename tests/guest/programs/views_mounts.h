// SPDX-License-Identifier: Apache-2.0
/* Mounts for views.c: file systems, options, and how mounts and unmounts spread. */
#ifndef VIEWS_MOUNTS_H
#define VIEWS_MOUNTS_H

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256 /* from 5.10 */
#endif

static void mount_at(const char *source, const char *path, const char *type, unsigned long flags)
{
	mkdir(path, 0755);
	if (mount(source, path, type, flags, NULL))
		die("mount of %s", path);
}

static void change(const char *path, unsigned long flags)
{
	if (mount(NULL, path, NULL, flags, NULL))
		die("change of %s", path);
}

static void own_mounts(void)
{
	if (unshare(CLONE_NEWNS))
		die("unshare");
	change("/", MS_REC | MS_PRIVATE);
	mount_at("some \\where", FOLDER "/with space", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC);
	mkdir(FOLDER "/with space/inner\t#1", 0755);
	mount_at(FOLDER "/with space/inner\t#1", FOLDER "/bound", NULL, MS_BIND);
	change(FOLDER "/bound", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID);
	mount_at("readonly", FOLDER "/readonly", "tmpfs", MS_RDONLY);
	mount_at("sync", FOLDER "/sync", "tmpfs", MS_SYNCHRONOUS | MS_NOATIME | MS_NODIRATIME);
	mount_at("strict", FOLDER "/strict", "tmpfs", MS_STRICTATIME);
	mount_at("links", FOLDER "/links", "tmpfs", MS_NOSYMFOLLOW);
	mount_at("shared", FOLDER "/shared", "tmpfs", 0);
	change(FOLDER "/shared", MS_SHARED);
	mount_at(FOLDER "/shared", FOLDER "/peer", NULL, MS_BIND);
	mount_at(FOLDER "/shared", FOLDER "/slave", NULL, MS_BIND);
	change(FOLDER "/slave", MS_SLAVE);
	mount_at(FOLDER "/slave", FOLDER "/shared slave", NULL, MS_BIND);
	change(FOLDER "/shared slave", MS_SHARED);
	mount_at("unbindable", FOLDER "/unbindable", "tmpfs", 0);
	change(FOLDER "/unbindable", MS_UNBINDABLE);
	mount_at("/proc/sys", FOLDER "/sys of proc", NULL, MS_BIND);
	mount_at("over", FOLDER "/strict", "ramfs", 0);
	put_file(FOLDER "/target", "");
	if (mount("/bin/views", FOLDER "/target", NULL, MS_BIND, NULL))
		die("mount of a file");
	/* Unmounted, but in use. */
	mount_at("lazy", FOLDER "/lazy", "tmpfs", 0);
	open(FOLDER "/lazy", O_RDONLY);
	umount2(FOLDER "/lazy", MNT_DETACH);
}

/* What is outside of a process's root is not among its mounts. */
static void own_root(void)
{
	if (unshare(CLONE_NEWNS))
		die("unshare");
	change("/", MS_REC | MS_PRIVATE);
	mount_at("outside", FOLDER "/outside", "tmpfs", 0);
	mount_at("root", FOLDER "/root", "tmpfs", 0);
	mount_at("inside", FOLDER "/root/inside", "tmpfs", 0);
	mkdir(FOLDER "/root/deeper", 0755);
	mount_at("root", FOLDER "/root/deeper/tmp", "tmpfs", 0);
	if (chroot(FOLDER "/root") || chdir("/"))
		die("chroot");
}

#endif
