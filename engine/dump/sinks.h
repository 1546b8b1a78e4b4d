/* SPDX-License-Identifier: Apache-2.0 */
/* The places that dumps are written to. */
#ifndef ENGINE_DUMP_SINKS_H
#define ENGINE_DUMP_SINKS_H

#include "engine/dump/write.h"

extern const struct dump_sink dump_to_file; /* on a memory dump */
extern const struct dump_sink dump_to_tool; /* below a live guest */

#endif
