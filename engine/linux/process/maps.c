/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All mappings of a process with the words that /proc/PID/maps has for them (show_map_vma(),
 * fs/proc/task_mmu.c). What a mapping is called is looked up at once, by pointers that it holds;
 * the text is made when it is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include "engine/linux/internal.h"
#include "engine/linux/process/process.h"

#define MAX_MAPS  65540 /* sysctl vm.max_map_count is 65,530, and the vsyscall page */
#define MAX_TRIES 3
#define MAX_LEFT  1024 /* left out: more make no sense for a list that is being changed */

#define VM_READ	 0x1ull /* include/linux/mm.h */
#define VM_WRITE 0x2ull
#define VM_EXEC	 0x4ull

#define FMODE_BACKING	  0x1000000u /* include/linux/fs.h */
#define FMODE_BACKING_OLD 0x2000000u /* to 6.13 */

/* Bits of mm_context_t.flags, arch/x86/include/asm/mmu.h */
#define MM_CONTEXT_HAS_VSYSCALL 2u

#define VSYSCALL_NONE 2 /* arch/x86/entry/vsyscall/vsyscall_64.c: enum of vsyscall_mode */

#define ANON_NAME_SIZE 81 /* ANON_VMA_NAME_MAX_LEN, with the NUL */

struct map_vector {
	struct linux_map *v;
	size_t n, room, left_out;
	gva_t mm;
	gva_t brk, start_brk, start_stack;
	bool strict_heap;   /* a neighbour of the heap is not the heap */
	bool anon_names;    /* the kernel was built with them */
	gva_t special_name; /* special_mapping_name() */
	bool lenient;
};

/* Is this kernel of that version or later? */
static bool is_since(unsigned int major, unsigned int minor)
{
	unsigned int a = 0, b = 0;

	if (sscanf(kernel->release, "%u.%u", &a, &b) != 2)
		return true;
	return a > major || (a == major && b >= minor);
}

static void set_perms(struct linux_map *m)
{
	m->perms[0] = m->flags & VM_READ ? 'r' : '-';
	m->perms[1] = m->flags & VM_WRITE ? 'w' : '-';
	m->perms[2] = m->flags & VM_EXEC ? 'x' : '-';
	m->perms[3] = m->flags & VM_MAYSHARE ? 's' : 'p';
	m->perms[4] = '\0';
}

/* What the user of a stacked file system (overlayfs) opened: file_user_path(), from 6.8 on. */
static bool user_path(gva_t file, gva_t *vfsmount, gva_t *dentry)
{
	uint32_t mode;

	if (!has_field(F_BACKING_MNT) || !has_field(F_BACKING_DENTRY) || !has_field(F_FILE_MODE) ||
	    kread32(at(file, F_FILE_MODE), &mode) ||
	    !(mode & (is_since(6, 14) ? FMODE_BACKING : FMODE_BACKING_OLD)))
		return false;
	return !kread64(at(file, F_BACKING_MNT), vfsmount) &&
	       !kread64(at(file, F_BACKING_DENTRY), dentry);
}

static int set_file(struct linux_map *m, gva_t file)
{
	gva_t inode, sb, vfsmount, dentry;

	m->name = LINUX_MAP_FILE;
	m->name_at = file;
	if (!has_field(F_FILE_INODE) || !has_field(F_INODE_SB) || !has_field(F_INODE_INO) ||
	    !has_field(F_SB_DEV))
		return 0;
	if (!kernel_pointer(file) || kread64(at(file, F_FILE_INODE), &inode))
		return -EFAULT;
	if (has_field(F_DENTRY_INODE) && user_path(file, &vfsmount, &dentry) &&
	    (!kernel_pointer(dentry) || kread64(at(dentry, F_DENTRY_INODE), &inode)))
		return -EFAULT;
	if (!kernel_pointer(inode) || kread64(at(inode, F_INODE_INO), &m->inode) ||
	    kread64(at(inode, F_INODE_SB), &sb) || !kernel_pointer(sb) ||
	    kread32(at(sb, F_SB_DEV), &m->device))
		return -EFAULT;
	return 0;
}

/* The name that a process gave to anonymous memory, with prctl(PR_SET_VMA). *name 0: none. */
static int anon_name(const struct map_vector *mv, gva_t vma, bool file, gva_t *name)
{
	gva_t given;

	*name = 0;
	/* To 6.1 it shares its place with what a file's mapping has there. */
	if (!mv->anon_names ||
	    (file && kernel->field[F_VMA_ANON_NAME] == kernel->field[F_VMA_SHARED]))
		return 0;
	if (kread64(at(vma, F_VMA_ANON_NAME), &given))
		return -EFAULT;
	if (kernel_pointer(given))
		*name = at(given, F_ANON_NAME_NAME);
	return 0;
}

/*
 * Mappings that the kernel makes have operations with a name: special_mapping_name(), mm/mmap.c. 1:
 * this is one; 0; -EFAULT
 */
static int set_special(const struct map_vector *mv, struct linux_map *m, gva_t vma)
{
	gva_t ops, function, mapping, name;

	if (!mv->special_name)
		return 0;
	if (kread64(at(vma, F_VMA_OPS), &ops))
		return -EFAULT;
	if (!kernel_pointer(ops))
		return 0;
	if (kread64(at(ops, F_VMA_OPS_NAME), &function) ||
	    kread64(at(vma, F_VMA_PRIVATE), &mapping))
		return -EFAULT;
	if (function != mv->special_name || !kernel_pointer(mapping))
		return 0;
	if (kread64(at(mapping, F_SPECIAL_NAME), &name))
		return -EFAULT;
	if (!kernel_pointer(name))
		return 0;
	m->name = LINUX_MAP_STRING;
	m->name_at = name;
	return 1;
}

static bool is_heap(const struct map_vector *mv, const struct linux_map *m)
{
	if (mv->strict_heap)
		return m->start < mv->brk && m->stop > mv->start_brk;
	return m->start <= mv->brk && m->stop >= mv->start_brk;
}

static int append(struct map_vector *mv, const struct linux_map *m)
{
	if (mv->n == MAX_MAPS)
		return -EOVERFLOW;
	if (mv->n == mv->room) {
		size_t room = mv->room ? 2 * mv->room : 64;
		struct linux_map *v = realloc(mv->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		mv->v = v;
		mv->room = room;
	}
	mv->v[mv->n++] = *m;
	return 0;
}

static int no_sense(struct map_vector *mv, int err)
{
	if (mv->left_out++ == MAX_LEFT)
		return -EOVERFLOW;
	return mv->lenient ? 0 : err;
}

static int map_append(gva_t vma, void *arg)
{
	struct map_vector *mv = arg;
	struct linux_map m = {0};
	gva_t file, name;
	int special = 0;

	if (!kernel_pointer(vma) || kread64(at(vma, F_VMA_START), &m.start) ||
	    kread64(at(vma, F_VMA_END), &m.stop) || kread64(at(vma, F_VMA_FLAGS), &m.flags) ||
	    kread64(at(vma, F_VMA_FILE), &file) || kread64(at(vma, F_VMA_PGOFF), &m.offset))
		return no_sense(mv, -EFAULT);
	if (m.start >= m.stop || m.stop > USER_END || (m.start | m.stop) % PAGE_SIZE ||
	    (mv->n && m.start < mv->v[mv->n - 1].stop))
		return no_sense(mv, -EINVAL);
	set_perms(&m);
	m.anonymous = !file;
	m.offset = file ? m.offset * PAGE_SIZE : 0;
	if ((file && set_file(&m, file)) || anon_name(mv, vma, file != 0, &name))
		return no_sense(mv, -EFAULT);
	if (!file)
		special = set_special(mv, &m, vma);
	if (special < 0)
		return no_sense(mv, special);
	if (file) {
		if (name) {
			m.name = LINUX_MAP_ANON_SHMEM;
			m.name_at = name;
		}
	} else if (!special) {
		if (is_heap(mv, &m)) {
			m.name = LINUX_MAP_HEAP;
		} else if (m.start <= mv->start_stack && m.stop >= mv->start_stack) {
			m.name = LINUX_MAP_STACK;
		} else if (name) {
			m.name = LINUX_MAP_ANON;
			m.name_at = name;
		}
	}
	return append(mv, &m);
}

/* The page of the old system calls, which is in no tree: get_gate_vma(), vsyscall_64.c */
static int vsyscall_append(struct map_vector *mv)
{
	struct linux_map m = {.name = LINUX_MAP_VSYSCALL, .anonymous = true};
	uint32_t mode, word;
	gva_t vma, at_mode;

	if (symbol_find(kernel, "gate_vma", &vma) || symbol_find(kernel, "vsyscall_mode", &at_mode))
		return 0;
	if (kread32(at_mode, &mode) || kread64(at(vma, F_VMA_START), &m.start) ||
	    kread64(at(vma, F_VMA_END), &m.stop) || kread64(at(vma, F_VMA_FLAGS), &m.flags))
		return -EFAULT;
	if (mode == VSYSCALL_NONE)
		return 0;
	if (has_field(F_MM_CONTEXT_FLAGS)) {
		if (kread32(at(mv->mm, F_MM_CONTEXT_FLAGS), &word))
			return -EFAULT;
		if (!(word & MM_CONTEXT_HAS_VSYSCALL))
			return 0;
	} else if (has_field(F_MM_IA32)) {
		if (kread32(at(mv->mm, F_MM_IA32), &word))
			return -EFAULT;
		if (word & 0xffff) /* a short */
			return 0;
	}
	set_perms(&m);
	return append(mv, &m);
}

static int start(struct map_vector *mv, const struct linux_task *task)
{
	gva_t va;

	*mv = (struct map_vector){.mm = task->mm, .brk = 0, .start_brk = ~0ull};
	if (has_field(F_MM_BRK) && has_field(F_MM_START_BRK) && has_field(F_MM_START_STACK) &&
	    (kread64(at(mv->mm, F_MM_BRK), &mv->brk) ||
	     kread64(at(mv->mm, F_MM_START_BRK), &mv->start_brk) ||
	     kread64(at(mv->mm, F_MM_START_STACK), &mv->start_stack)))
		return -EFAULT;
	mv->strict_heap = is_since(6, 6);
	mv->anon_names = has_field(F_VMA_ANON_NAME) && has_field(F_ANON_NAME_NAME) &&
			 has_field(F_VMA_SHARED) &&
			 !symbol_find(kernel, "anon_vma_name_alloc", &va);
	if (has_field(F_VMA_OPS_NAME) && has_field(F_VMA_PRIVATE) && has_field(F_SPECIAL_NAME) &&
	    !symbol_find(kernel, "special_mapping_name", &va))
		mv->special_name = va;
	return 0;
}

int linux_maps(const struct linux_task *task, struct linux_map **maps, size_t *count)
{
	struct map_vector mv;
	int err = linux_need(LINUX_MEMORY), tries;

	*maps = NULL;
	*count = 0;
	if (err || !task->mm)
		return err;
	err = start(&mv, task);
	if (err)
		return err;
	/* Another CPU may be changing the mappings: look again before settling for less. */
	for (tries = 0; tries < MAX_TRIES; tries++) {
		mv.lenient = tries == MAX_TRIES - 1;
		mv.n = mv.left_out = 0;
		err = vma_each(task->mm, map_append, &mv);
		if (err != -EFAULT && err != -EINVAL)
			break;
	}
	if (err == -ENOMEM) {
		free(mv.v);
		return err;
	}
	if (!err)
		err = vsyscall_append(&mv);
	*maps = mv.v;
	*count = mv.n;
	if (err == -EOVERFLOW || err == -ETIME)
		return err;
	return err || mv.left_out ? -EFAULT : 0;
}

int linux_map_path(const struct linux_map *map, char *buf, size_t size)
{
	static const char *const words[] = {
		[LINUX_MAP_UNNAMED] = "",
		[LINUX_MAP_HEAP] = "[heap]",
		[LINUX_MAP_STACK] = "[stack]",
		[LINUX_MAP_VSYSCALL] = "[vsyscall]",
	};
	char name[ANON_NAME_SIZE];
	gva_t vfsmount, dentry;
	int err = linux_need(LINUX_MEMORY);

	if (!size)
		return -EINVAL;
	buf[0] = '\0';
	if (err)
		return err;
	switch (map->name) {
	case LINUX_MAP_FILE:
		if (kernel_pointer(map->name_at) && user_path(map->name_at, &vfsmount, &dentry))
			return path_of(vfsmount, dentry, buf, size);
		return path_of_file(map->name_at, buf, size);
	case LINUX_MAP_STRING:
	case LINUX_MAP_ANON:
	case LINUX_MAP_ANON_SHMEM:
		if (kread_string(map->name_at, name, sizeof(name)))
			return -EFAULT;
		snprintf(buf, size,
			 map->name == LINUX_MAP_STRING ? "%s"
			 : map->name == LINUX_MAP_ANON ? "[anon:%s]"
						       : "[anon_shmem:%s]",
			 name);
		return 0;
	default:
		snprintf(buf, size, "%s", words[map->name]);
		return 0;
	}
}
