/* SPDX-License-Identifier: Apache-2.0 */
/* Strikes against signatures that used up their time or killed the engine. */
#ifndef ENGINE_SIGNATURE_STRIKES_H
#define ENGINE_SIGNATURE_STRIKES_H

#include <stdbool.h>
#include <stdint.h>

#define STRIKES_LIMIT	   3
#define STRIKE_DECAY_NS	   60000000000u /* one strike is forgotten after this */
#define STRIKE_COOLDOWN_NS 10000000000u

/* Count a strike. The number there are now; at STRIKES_LIMIT the cool-down begins. */
unsigned int strikes_add(uint32_t signature, uint64_t now);

/*
 * May it run? *over is set when its cool-down ended just now (said once). After a cool-down one
 * more strike leads to the next one.
 */
bool strikes_allow(uint32_t signature, uint64_t now, bool *over);

#endif
