/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without BTF: where the members are that are needed to know processes, by what they must hold. It
 * starts from objects whose addresses symbols tell: init_task is called "swapper" and is process 0,
 * the next two on the list are 1 and 2; init_mm has the kernel's page table and extent. It needs
 * those two processes, so it cannot be done before the first program is started. Members that
 * stand beside each other in every kernel (include/linux/sched.h, mm_types.h, cred.h) are taken to
 * do so here; a kernel with its structures shuffled (CONFIG_RANDSTRUCT) fails a check and is not
 * known.
 */
#include <ctype.h>
#include <stdlib.h>
#include "engine/linux/internal.h"

#define TASK_WINDOW (16 * KB) /* of a task_struct is looked at */
#define MM_WINDOW   (2 * KB)
#define CRED_WINDOW 64
#define OTHERS	    6 /* tasks behind init_task */
#define CPUS	    4 /* whose running tasks are looked at */
#define MAX_STEPS   200000
#define NEARBY	    256 /* bytes between members that belong together */
#define USER_END    (1ull << 56)

struct sight {
	gva_t task;
	uint32_t size; /* that could be read */
	uint8_t bytes[TASK_WINDOW];
};

struct view {
	struct sight init, other[OTHERS];
	size_t others;
	uint8_t mm[MM_WINDOW]; /* init_mm */
	gva_t init_mm, running[CPUS];
	uint32_t steps;
	uint32_t size; /* common to all sights */
};

static uint64_t u64_at(const struct sight *s, uint32_t o)
{
	return load64(s->bytes + o);
}

/* As much as there is: what lies behind may not be mapped. */
static bool look(gva_t task, struct sight *s)
{
	s->task = task;
	for (s->size = TASK_WINDOW; s->size > PAGE_SIZE / 2; s->size /= 2)
		if (!linux_kread(task, s->bytes, s->size))
			return true;
	return false;
}

static bool comm_at(gva_t va)
{
	char comm[LINUX_COMM_SIZE];
	size_t i;

	if (linux_kread(va, comm, sizeof(comm)))
		return false;
	for (i = 0; i < sizeof(comm) && comm[i]; i++)
		if (!isprint((unsigned char)comm[i]))
			return false;
	return i > 0 && i < sizeof(comm);
}

/* "swapper", once sched_init() has run "swapper/0", and zeros; nowhere else. */
static int32_t find_comm(const struct sight *init)
{
	static const char early[LINUX_COMM_SIZE] = "swapper", late[LINUX_COMM_SIZE] = "swapper/0";
	int32_t found = NO_FIELD;
	uint32_t o;

	for (o = 0; o + LINUX_COMM_SIZE <= init->size; o += 4) {
		if (memcmp(init->bytes + o, early, sizeof(early)) &&
		    memcmp(init->bytes + o, late, sizeof(late)))
			continue;
		if (found != NO_FIELD)
			return NO_FIELD;
		found = (int32_t)o;
	}
	return found;
}

/* A list that closes, with links back, of things that have a name where tasks have one. */
static bool is_task_list(struct view *v, uint32_t o, int32_t comm)
{
	gva_t head = v->init.task + o, pos = u64_at(&v->init, o), last = head, back;
	size_t n = 0;

	while (pos != head) {
		if (++v->steps > MAX_STEPS || !kernel_pointer(pos) || pos % 8 ||
		    kread64(pos + 8, &back) || back != last || !comm_at(pos - o + (gva_t)comm))
			return false;
		if (n < OTHERS)
			v->other[n].task = pos - o;
		n++;
		last = pos;
		if (kread64(pos, &pos))
			return false;
	}
	v->others = n < OTHERS ? n : OTHERS;
	return n >= 2;
}

static int32_t find_tasks(struct view *v, int32_t comm)
{
	int32_t found = NO_FIELD;
	uint32_t o;

	for (o = 0; o + 16 <= v->init.size; o += 8) {
		if (u64_at(&v->init, o) == v->init.task + o || !is_task_list(v, o, comm))
			continue;
		if (found != NO_FIELD)
			return NO_FIELD;
		found = (int32_t)o;
	}
	/* The last candidate looked at may not have been the one: the tasks again. */
	if (found != NO_FIELD && !is_task_list(v, (uint32_t)found, comm))
		return NO_FIELD;
	return found;
}

/* A thread group's leader has its pid twice. */
static bool ids_at(const struct view *v, uint32_t o)
{
	uint32_t last = 2;
	size_t i;

	if (u64_at(&v->init, o) || u64_at(&v->other[0], o) != 0x100000001 ||
	    u64_at(&v->other[1], o) != 0x200000002)
		return false;
	for (i = 2; i < v->others; i++) {
		uint32_t pid = load32(v->other[i].bytes + o);

		if (pid <= last || load32(v->other[i].bytes + o + 4) != pid)
			return false;
		last = pid;
	}
	return true;
}

static int32_t find_pid(const struct view *v)
{
	int32_t found = NO_FIELD;
	uint32_t o;

	for (o = 0; o + 8 <= v->size; o += 4) {
		if (!ids_at(v, o))
			continue;
		if (found != NO_FIELD)
			return NO_FIELD;
		found = (int32_t)o;
	}
	return found;
}

/* real_parent and parent: of 0, 1 and 2 it is 0; what 2 (kthreadd) has made says so. */
static bool parents_at(const struct view *v, uint32_t o)
{
	gva_t init = v->init.task;
	size_t i;

	if (u64_at(&v->init, o) != init || u64_at(&v->init, o + 8) != init)
		return false;
	for (i = 0; i < v->others; i++) {
		gva_t parent = u64_at(&v->other[i], o);

		if (parent != u64_at(&v->other[i], o + 8))
			return false;
		if (i < 2 ? parent != init
			  : parent != v->other[0].task && parent != v->other[1].task)
			return false;
	}
	return true;
}

static bool leader_at(const struct view *v, uint32_t o)
{
	size_t i;

	for (i = 0; i < v->others; i++)
		if (u64_at(&v->other[i], o) != v->other[i].task)
			return false;
	return u64_at(&v->init, o) == v->init.task;
}

/* The first place within NEARBY bytes from start on where it holds. */
static int32_t find_near(const struct view *v, int32_t start,
			 bool (*holds)(const struct view *v, uint32_t o))
{
	uint32_t o = (uint32_t)align_up((uint64_t)start, 8), end = o + NEARBY;

	if (start == NO_FIELD)
		return NO_FIELD;
	for (; o < end && o + 16 <= v->size; o += 8)
		if (holds(v, o))
			return (int32_t)o;
	return NO_FIELD;
}

/* real_cred and cred, both init_cred. */
static int32_t find_cred(const struct view *v, gva_t init_cred)
{
	uint32_t o;
	size_t i;

	for (o = 0; o + 16 <= v->size; o += 8) {
		if (u64_at(&v->init, o) != init_cred || u64_at(&v->init, o + 8) != init_cred)
			continue;
		for (i = 0; i < v->others; i++)
			if (!kernel_pointer(u64_at(&v->other[i], o)) ||
			    !kernel_pointer(u64_at(&v->other[i], o + 8)))
				return NO_FIELD;
		return (int32_t)o;
	}
	return NO_FIELD;
}

/* All capabilities there are: bits from 0 on, 37 and more of them. */
static bool full_set(uint64_t x)
{
	return x >> 37 && !(x & (x + 1));
}

/*
 * uid, behind a counter of four or (from 6.7 on, and in later ones of older series) eight bytes;
 * behind it seven more ids of init's and its securebits, all zero, no inheritable capabilities, and
 * all permitted ones, which are aligned to eight bytes from 6.3 on.
 */
static int32_t find_uid(gva_t init_cred)
{
	static const struct {
		int32_t uid;
		uint32_t permitted;
	} layouts[] = {{4, 48}, {8, 52}, {8, 56}};
	uint8_t cred[CRED_WINDOW];
	size_t i;

	if (linux_kread(init_cred, cred, sizeof(cred)))
		return NO_FIELD;
	for (i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		uint32_t o = (uint32_t)layouts[i].uid;

		if (!full_set(load64(cred + layouts[i].permitted)))
			continue;
		while (o < layouts[i].permitted && !cred[o])
			o++;
		if (o == layouts[i].permitted)
			return layouts[i].uid;
	}
	return NO_FIELD;
}

/* Two words beside each other in init_mm; the second may be any. */
static int32_t find_in_mm(const struct view *v, uint64_t first, uint64_t second)
{
	uint32_t o;

	for (o = 0; o + 16 <= MM_WINDOW; o += 8)
		if (load64(v->mm + o) == first && (!second || load64(v->mm + o + 8) == second))
			return (int32_t)o;
	return NO_FIELD;
}

/* A page table with the kernel's part in it. */
static bool is_mm(gva_t mm, int32_t pgd)
{
	gva_t table, top;
	uint64_t entry, kernels;

	return kernel_pointer(mm) && !kread64(mm + (gva_t)pgd, &table) && kernel_pointer(table) &&
	       table % PAGE_SIZE == 0 && !kread64(table + 511 * 8, &entry) &&
	       !symbol_find(kernel, "init_top_pgt", &top) && !kread64(top + 511 * 8, &kernels) &&
	       entry && entry == kernels;
}

/* The tasks that run on the first few CPUs. */
static void find_running(struct view *v)
{
	gva_t offsets, current, base;
	size_t i;

	if (symbol_find(kernel, "__per_cpu_offset", &offsets) ||
	    (symbol_find(kernel, "pcpu_hot", &current) &&
	     symbol_find(kernel, "current_task", &current)))
		return;
	for (i = 0; i < CPUS; i++)
		if (kread64(offsets + 8 * i, &base) || kread64(base + current, &v->running[i]) ||
		    !kernel_pointer(v->running[i]))
			v->running[i] = 0;
}

/* Does active_mm, behind mm at o, tell of init_mm and nothing else? */
static bool borrows_init_mm(const struct view *v, uint32_t o)
{
	bool seen = u64_at(&v->init, o + 8) == v->init_mm;
	size_t i;

	for (i = 0; i < v->others; i++) {
		gva_t borrowed = u64_at(&v->other[i], o + 8);

		if (u64_at(&v->other[i], o) || (borrowed && borrowed != v->init_mm))
			return false;
		seen |= borrowed == v->init_mm;
	}
	for (i = 0; i < CPUS; i++) {
		uint64_t pair[2];

		if (v->running[i] && !linux_kread(v->running[i] + o, pair, sizeof(pair)))
			seen |= !pair[0] && pair[1] == v->init_mm;
	}
	return seen;
}

/*
 * mm and active_mm: a process has both alike; a kernel thread has no mm, and while it runs borrows
 * one (context_switch(), kernel/sched/core.c). Before there is a process, that is init_mm.
 */
static int32_t find_mm(const struct view *v, int32_t pgd)
{
	uint32_t o;

	if (pgd == NO_FIELD)
		return NO_FIELD;
	for (o = 0; o + 16 <= v->size; o += 8) {
		gva_t mm = u64_at(&v->other[0], o);

		if (u64_at(&v->init, o) || u64_at(&v->other[1], o))
			continue;
		if (mm ? u64_at(&v->other[0], o + 8) == mm && is_mm(mm, pgd)
		       : borrows_init_mm(v, o))
			return (int32_t)o;
	}
	return NO_FIELD;
}

/*
 * start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end,
 * env_start: init_mm says where they start, and a process must agree.
 */
static int32_t find_args(const struct view *v, gva_t text, gva_t etext, int32_t mm)
{
	int32_t code = find_in_mm(v, text, etext);
	uint64_t stack[4];
	gva_t of;

	if (code == NO_FIELD)
		return NO_FIELD;
	of = mm == NO_FIELD ? 0 : u64_at(&v->other[0], (uint32_t)mm);
	if (of &&
	    (linux_kread(of + (gva_t)code + 6 * 8, stack, sizeof(stack)) || stack[0] > stack[1] ||
	     stack[1] >= stack[2] || stack[2] > stack[3] || stack[3] >= USER_END))
		return NO_FIELD;
	return code + 7 * 8;
}

static bool look_around(struct view *v, struct inferred *out)
{
	gva_t init;
	size_t i;

	if (symbol_find(kernel, "init_task", &init) || !look(init, &v->init))
		return false;
	out->comm = find_comm(&v->init);
	if (out->comm == NO_FIELD)
		return false;
	out->tasks = find_tasks(v, out->comm);
	if (out->tasks == NO_FIELD)
		return false;
	v->size = v->init.size;
	for (i = 0; i < v->others; i++) {
		if (!look(v->other[i].task, &v->other[i]))
			return false;
		if (v->other[i].size < v->size)
			v->size = v->other[i].size;
	}
	return true;
}

static void infer_mm(struct view *v, struct inferred *out)
{
	gva_t top, text, etext;

	if (symbol_find(kernel, "init_mm", &v->init_mm) ||
	    linux_kread(v->init_mm, v->mm, sizeof(v->mm)))
		return;
	if (!symbol_find(kernel, "init_top_pgt", &top))
		out->pgd = find_in_mm(v, top, 0);
	find_running(v);
	out->mm = find_mm(v, out->pgd);
	if (!symbol_find(kernel, "_text", &text) && !symbol_find(kernel, "_etext", &etext))
		out->arg_start = find_args(v, text, etext, out->mm);
}

int infer(struct inferred *out)
{
	struct view *v;
	gva_t cred;

	*out = (struct inferred){NO_FIELD, NO_FIELD, NO_FIELD, NO_FIELD, NO_FIELD, NO_FIELD,
				 NO_FIELD, NO_FIELD, NO_FIELD, NO_FIELD, NO_FIELD};
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (!look_around(v, out)) {
		free(v);
		return -ENOENT;
	}
	out->pid = find_pid(v);
	out->tgid = out->pid == NO_FIELD ? NO_FIELD : out->pid + 4;
	out->real_parent = find_near(v, out->tgid, parents_at);
	out->group_leader = find_near(v, out->real_parent, leader_at);
	if (out->group_leader == out->real_parent)
		out->group_leader = NO_FIELD;
	if (!symbol_find(kernel, "init_cred", &cred)) {
		out->real_cred = find_cred(v, cred);
		out->uid = find_uid(cred);
	}
	infer_mm(v, out);
	free(v);
	return 0;
}

static uint32_t put(struct kernel_blob *b, enum field f, int32_t offset)
{
	if (b->field[f] != NO_FIELD || offset == NO_FIELD)
		return 0;
	b->field[f] = offset;
	return 1;
}

uint32_t infer_fields(struct kernel_blob *b, const struct inferred *i)
{
	uint32_t n = 0;

	n += put(b, F_TASK_COMM, i->comm);
	n += put(b, F_TASK_TASKS, i->tasks);
	n += put(b, F_TASK_PID, i->pid);
	n += put(b, F_TASK_TGID, i->tgid);
	n += put(b, F_TASK_REAL_PARENT, i->real_parent);
	n += put(b, F_TASK_REAL_CRED, i->real_cred);
	n += put(b, F_TASK_MM, i->mm);
	n += put(b, F_MM_PGD, i->pgd);
	n += put(b, F_MM_ARG_START, i->arg_start);
	if (i->arg_start != NO_FIELD)
		n += put(b, F_MM_ARG_END, i->arg_start + 8);
	n += put(b, F_CRED_UID, i->uid);
	if (i->uid != NO_FIELD)
		n += put(b, F_CRED_GID, i->uid + 4);
	return n;
}
