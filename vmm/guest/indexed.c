/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of an index port and a data port, by the policy's rows. The index is kept here and written
 * again before each access to data: no second CPU, and no port that is the same register under
 * another number, comes in between.
 *
 * The CMOS's shutdown status says what the firmware does after a reset; the guest has one of its
 * own, and the real one stays 0, so that a reset starts the firmware from its beginning, whoever
 * caused it.
 */
#include "lvisor/policy.h"
#include "vmm/apic.h"
#include "vmm/guest/ports.h"
#include "vmm/lock.h"
#include "vmm/smp.h"

#define CMOS_INDEX	     0x70
#define CMOS_SHUTDOWN_STATUS 0x0f
#define CMOS_INDEX_BITS	     0x7f /* the last one masks NMIs */

static struct pair {
	u16 port;
	u8 index, index_bits;
} pairs[] = {
#define ROW(port, bits, name) {port, 0, bits},
	POLICY_INDEXED(ROW)
#undef ROW
};

static const struct row {
	u16 port;
	u8 first, last;
} rows[] = {
#define ROW(port, first, last, name, reason) {port, first, last},
	POLICY_INDEXED_REGISTERS(ROW)
#undef ROW
};

static struct lock lock;
static u8 shutdown_status;

static bool protected(const struct pair *pair)
{
	u8 index = pair->index & pair->index_bits;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].port == pair->port && index >= rows[i].first && index <= rows[i].last)
			return true;
	return false;
}

static void access_data(struct pair *pair, bool in, u8 *data)
{
	bool refused = protected(pair);

	if (refused && pair->port == CMOS_INDEX) {
		if (in)
			*data = shutdown_status;
		else
			shutdown_status = *data;
		return;
	}
	outb(pair->port, pair->index);
	if (in)
		*data = inb(pair->port + 1);
	else if (!refused)
		outb(pair->port + 1, *data);
}

static struct pair *pair_at(u16 port)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (port == pairs[i].port || port == pairs[i].port + 1)
			return &pairs[i];
	return NULL;
}

/* Before a kernel starts a CPU, it writes the shutdown status. */
static bool announces_start(const struct pair *pair, const struct port_access *access)
{
	u8 index = access->size == 2 ? (u8)access->value : pair->index;

	return pair->port == CMOS_INDEX && !access->in &&
	       (access->size == 2 || access->port != pair->port) &&
	       (index & pair->index_bits) == CMOS_SHUTDOWN_STATUS;
}

bool indexed_access(struct vcpu *vcpu, struct port_access *access)
{
	struct pair *pair = pair_at(access->port);
	u8 data;

	/* A byte, or index and data in one word. */
	if (!pair || access->size > 2 || (access->size == 2 && access->port != pair->port))
		return false;
	if (announces_start(pair, access))
		apic_init_announced(vcpu->cpu);
	lock_take(&lock);
	if (access->port != pair->port) {
		data = (u8)access->value;
		access_data(pair, access->in, &data);
		access->value = data;
	} else if (access->in) {
		access->value = port_read(pair->port, access->size);
	} else {
		pair->index = (u8)access->value;
		outb(pair->port, pair->index);
		data = (u8)(access->value >> 8);
		if (access->size == 2)
			access_data(pair, false, &data);
	}
	lock_release(&lock);
	return true;
}
