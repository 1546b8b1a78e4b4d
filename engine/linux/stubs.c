/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders, so that the engine links until each function has its own file. */
#include <errno.h>
#include "engine/linux/linux.h"

int linux_discover(const struct linux_anchor *anchor, char *error, size_t error_size) { return -ENOSYS; }
bool linux_known(void) { return false; }
int linux_save(void **blob, size_t *size) { return -ENOSYS; }
int linux_restore(const void *blob, size_t size) { return -ENOSYS; }
const char *linux_summary(void) { return "no kernel"; }
int linux_symbol(const char *name, gva_t *va) { return -ENOSYS; }
int linux_symbolize(gva_t va, char *buf, size_t size) { return -ENOSYS; }
int linux_each_symbol(const char *prefix, int (*fn)(const char *name, gva_t va, void *arg), void *arg) { return -ENOSYS; }
int linux_enumerator(const char *name, int64_t *value) { return -ENOSYS; }
int linux_kva_to_gpa(gva_t va, gpa_t *gpa) { return -ENOSYS; }
int linux_kread(gva_t va, void *buf, size_t size) { return -ENOSYS; }
int linux_trap_site(gva_t function, struct lvmon_hook *hook, char *error, size_t error_size) { return -ENOSYS; }
int linux_task_layout(struct lvmon_task_layout *layout) { return -ENOSYS; }
int linux_task(gva_t task, struct linux_task *out) { return -ENOSYS; }
int linux_current(uint64_t gs_base, uint64_t kernel_gs_base, uint32_t cpl, struct linux_task *out) { return -ENOSYS; }
int linux_tasks(struct linux_task **tasks, size_t *count) { return -ENOSYS; }
int linux_find_pid(int32_t tgid, struct linux_task *out) { return -ENOSYS; }
int linux_exe(const struct linux_task *task, char *buf, size_t size) { return -ENOSYS; }
int linux_cmdline(const struct linux_task *task, char *buf, size_t size) { return -ENOSYS; }
int linux_memory(const struct linux_task *task, struct linux_memory *out) { return -ENOSYS; }
void linux_memory_free(struct linux_memory *mem) { }
gva_t linux_memory_va(const struct linux_memory *mem, uint64_t offset) { return 0; }
int linux_memory_page(const struct linux_memory *mem, uint64_t offset, struct linux_page *page) { return -ENOSYS; }
int linux_memory_read(const struct linux_memory *mem, uint64_t offset, void *buf, size_t size, uint64_t *absent) { return -ENOSYS; }
int linux_process_read(const struct linux_task *task, gva_t va, void *buf, size_t size) { return -ENOSYS; }
