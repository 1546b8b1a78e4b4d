/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the engine starts: in the protection domain it enters the event loop, on plain Linux it is
 * a command that checks signatures and looks into memory dumps.
 */
#include <malloc.h>
#include <string.h>
#include "engine/events/dispatch.h"
#include "engine/events/lifecycle.h"
#include "engine/lua/api.h"
#include "engine/offline/command.h"
#include "engine/signature/limit.h"

static int run_domain(const struct lvmon_start *start)
{
	int ret;

	/*
	 * Large blocks always get pages of their own and give them back: without brk, the heap that
	 * glibc would keep them in only grows.
	 */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	engine_init(ENGINE_LIVE, start);
	if (start->abi_version != LVMON_ABI_VERSION) {
		engine_log("the vmm speaks version %u of the interface, this engine %u",
			   start->abi_version, LVMON_ABI_VERSION);
		return 1;
	}
	limit_init(engine.persist->where, sizeof(engine.persist->where));
	lifecycle_start();
	ret = dispatch_loop();
	engine_log("no next event: %s", strerror(-ret));
	return 1;
}

int main(int argc, char **argv)
{
	const struct lvmon_start *start;

	api_init();
	backend = backend_domain(&start);
	if (backend)
		return run_domain(start);
	return command_main(argc, argv);
}
