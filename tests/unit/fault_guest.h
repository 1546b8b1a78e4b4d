/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of guest memory that fail when fault.h says so, by the linker's --wrap; to be included by
 * the one source of a test.
 */
#ifndef TESTS_UNIT_FAULT_GUEST_H
#define TESTS_UNIT_FAULT_GUEST_H

#include <errno.h>
#include "engine/backend.h"
#include "tests/unit/fault.h"

const void *__real_guest_ptr(gpa_t gpa, size_t size);
const void *__real_guest_span(gpa_t gpa, size_t *size);
int __real_guest_read(gpa_t gpa, void *buf, size_t size);
const void *__wrap_guest_ptr(gpa_t gpa, size_t size);
const void *__wrap_guest_span(gpa_t gpa, size_t *size);
int __wrap_guest_read(gpa_t gpa, void *buf, size_t size);

const void *__wrap_guest_ptr(gpa_t gpa, size_t size)
{
	return fault_now(FAULT_READ) ? NULL : __real_guest_ptr(gpa, size);
}

const void *__wrap_guest_span(gpa_t gpa, size_t *size)
{
	return fault_now(FAULT_READ) ? NULL : __real_guest_span(gpa, size);
}

int __wrap_guest_read(gpa_t gpa, void *buf, size_t size)
{
	return fault_now(FAULT_READ) ? -EFAULT : __real_guest_read(gpa, buf, size);
}

#endif
