/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads of a process, by the list in its signal_struct. A thread that is about to end is in
 * it to the last; what is not of the same process ends the walk.
 */
#include <stdlib.h>
#include "engine/linux/internal.h"
#include "engine/linux/process/process.h"

#define MAX_THREADS 65536

int linux_threads(const struct linux_task *task, struct linux_task **threads, size_t *count)
{
	struct list_walk walk;
	struct linux_task *v = NULL;
	size_t n = 0, room = 0;
	gva_t signal, head, pos;
	int err = linux_need(LINUX_THREADS);

	*threads = NULL;
	*count = 0;
	if (err)
		return err;
	if (kread64(at(task->task, F_TASK_SIGNAL), &signal) || !kernel_pointer(signal))
		return -EFAULT;
	head = at(signal, F_SIGNAL_THREADS);
	for (err = list_first(&walk, head, MAX_THREADS, &pos); !err && pos != head;
	     err = list_next(&walk, &pos)) {
		if (n == room) {
			size_t more = room ? 2 * room : 8;
			struct linux_task *bigger = realloc(v, more * sizeof(*v));

			if (!bigger) {
				free(v);
				return -ENOMEM;
			}
			v = bigger;
			room = more;
		}
		err = linux_task(pos - (gva_t)kernel->field[F_TASK_THREAD_NODE], &v[n]);
		if (err || v[n].tgid != task->tgid) {
			err = -EFAULT;
			break;
		}
		n++;
	}
	*threads = v;
	*count = n;
	return err;
}
