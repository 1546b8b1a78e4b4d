/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of signatures. The protection domain has less than all of them together may ask for, so
 * each has a share that nobody else can take (QUOTA_SHARE, less where they are many), and what is
 * beyond the shares goes to those who ask first, SIGNATURE_MEMORY_MAX each at most.
 */
#ifndef ENGINE_SIGNATURE_QUOTA_H
#define ENGINE_SIGNATURE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

#define QUOTA_SHARE (1u << 20)

struct signature;

/* So many bytes are there for all signatures, none of which has any yet. */
void quota_begin(size_t bytes);
/* The same with what the domain has left; without limit outside of it. */
void quota_begin_in_domain(void);

/* The signature has s->memory bytes and wants so many more. True: they are its own now. */
bool quota_take(struct signature *s, size_t more);
/* It has given so many back. */
void quota_give(struct signature *s, size_t less);

/*
 * What all signatures may have together, and the other signature that has most; NULL: none has any.
 */
size_t quota_of_all(void);
const struct signature *quota_largest_other(const struct signature *s);

#endif
