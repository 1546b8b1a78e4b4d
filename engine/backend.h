/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine runs on: the protection domain below a live guest (backend_domain.c), or a file
 * with a memory dump on plain Linux (backend_dump.c). Everything else in the engine is the same in
 * both.
 */
#ifndef ENGINE_BACKEND_H
#define ENGINE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lvisor/lvmon.h>

#define must_check __attribute__((warn_unused_result))

struct backend {
	/* As LVMON_NEXT_EVENT. A dump has no events: -ENODATA. */
	int (*next_event)(const struct lvmon_verdict *verdict, struct lvmon_event *event);
	int (*mem_write)(gpa_t gpa, const void *buf, size_t size); /* within one page */
	/* As LVMON_MEM_WRITE_PAUSED; below a live guest only, else NULL. */
	int (*mem_write_paused)(gpa_t gpa, const void *buf, size_t size);
	int (*reg_read)(enum lvmon_reg reg, uint64_t *value);
	int (*reg_write)(enum lvmon_reg reg, uint64_t value);
	uint64_t (*mem_size)(void); /* bytes of guest RAM */
	uint64_t (*cpu_time)(void); /* ns */
	int (*hook_add)(const struct lvmon_hook *hook);
	int (*hook_remove)(uint32_t id);
	int (*set_task)(const struct lvmon_task *task);
	/* As LVMON_EMIT. */
	int (*emit)(const char *json, size_t size, bool bulk);
	int (*blob_store)(const void *blob, size_t size);
	int (*log)(const char *text, size_t size);
	/* As LVMON_PAUSE and LVMON_RESUME; below a live guest only, else NULL. */
	int (*pause)(void);
	int (*resume)(void);
	/* As LVMON_DRAIN; below a live guest only, else NULL. */
	int (*drain)(uint32_t wait_ms, uint32_t more_ms);

	const uint8_t *window;	     /* guest-physical address 0 */
	const struct lvmon_ram *ram; /* ascending, not overlapping */
	size_t ram_ranges;
	/*
	 * A file's ranges are where they are in the file: where ram[i] begins. NULL: in the window.
	 */
	const uint8_t *const *places;
};

/* The one in use; set once at start. */
extern const struct backend *backend;

/*
 * Pointer to guest RAM [gpa, gpa + size), or NULL where that is not wholly RAM (or not in the
 * dump). Valid for the engine's life; the bytes change under it: copy before you check.
 */
const void *guest_ptr(gpa_t gpa, size_t size) must_check;

/* Like guest_ptr, but as many bytes as are contiguous from gpa, at most size: in *size. */
const void *guest_span(gpa_t gpa, size_t *size) must_check;

/* Copy from guest RAM. 0 or -EFAULT. */
int guest_read(gpa_t gpa, void *buf, size_t size) must_check;

/* The domain's backend, when this process was started by the vmm; NULL on plain Linux. */
const struct backend *backend_domain(const struct lvmon_start **start);

/*
 * Map a memory dump read-only: raw, LiME or ELF core (engine/dump/). Registers that are known may
 * be given (regs[i] valid where bit i of regs_known is set) and come before those of the file. 0 or
 * -E..., with what is wrong in error.
 */
int backend_dump_open(const char *path, const uint64_t regs[LVMON_NR_REGS], uint64_t regs_known,
		      const struct backend **out, char *error, size_t error_size) must_check;

/* What is known of the dump that is open: for people, and how many CPUs' registers it has. */
const char *backend_dump_format(void);
size_t backend_dump_cpus(void);

#endif
