/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of the event ring. The ring is memory that only we and, in an emulator, the reader outside
 * can reach; the reader's tail is checked all the same, since it is not ours to trust.
 */
#include "vmm/domain/domain.h"
#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/ring.h"
#include "vmm/string.h"

#define RING_DATA 0x100000ull
#define DOORBELL  0x01
#define ANNOUNCE  0x02
#define EVENT	  0x03

static struct lvmon_ring *ring;
static u64 sequence;
static bool to_port;

void ring_init(void)
{
	hpa_t pages = pages_alloc_contiguous(RING_DATA / PAGE_SIZE + 1);

	if (!pages)
		fatal("too little memory for the event ring; give the hypervisor more (vmm option "
		      "mem=MB)");
	/* The header ends where the second page begins, so that data[] is aligned. */
	ring = phys_to_virt(pages + PAGE_SIZE - sizeof(*ring));
	ring->size = RING_DATA;
	ring->magic = LVMON_RING_MAGIC;
	log_byte(ANNOUNCE); /* there are no other CPUs yet */
	log_line("ring %lx %lx", virt_to_phys(ring), (u64)(sizeof(*ring) + RING_DATA));
}

void ring_drain_to_port(void)
{
	to_port = true;
	log_byte(ANNOUNCE);
	log_line("port");
}

bool ring_by_port(void)
{
	return to_port;
}

void ring_wake_reader(void)
{
	log_begin();
	log_byte(DOORBELL);
	log_end();
}

bool ring_read_up(void)
{
	return __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == ring->head;
}

/*
 * A line of its own: the reader tells it from others by its first byte, so no such byte may follow.
 */
static void write_to_port(const u8 *text, u64 size)
{
	log_begin();
	log_byte(EVENT);
	for (u64 i = 0; i < size; i++)
		log_byte(text[i] < 0x20 ? ' ' : text[i]);
	log_byte('\n');
	log_end();
}

int ring_write(u32 source, const void *text, u64 size, u64 flags)
{
	u64 tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
	u64 head = ring->head, offset = head % RING_DATA;
	u64 need = align_up(sizeof(struct lvmon_record) + size, 8), pad = 0;
	u64 room = flags & RING_BULK ? RING_DATA - LVMON_RING_KEPT : RING_DATA;
	struct lvmon_record record = {.size = (u32)size, .source = source};

	if (size > RECORD_MAX)
		return -EINVAL;
	if (RING_DATA - offset < need)
		pad = RING_DATA - offset;
	record.sequence = sequence++;
	if (head - tail > room || room - (head - tail) < need + pad) {
		ring->dropped++;
		return 0;
	}
	record.dropped = ring->dropped;
	if (pad) {
		*(u32 *)(ring->data + offset) = LVMON_RING_PAD;
		offset = 0;
	}
	if (flags & RING_USER) {
		if (domain_read(ring->data + offset + sizeof(record), (u64)text, size)) {
			sequence--;
			return -EFAULT;
		}
	} else {
		memcpy(ring->data + offset + sizeof(record), text, size);
	}
	memcpy(ring->data + offset, &record, sizeof(record));
	__atomic_store_n(&ring->head, head + pad + need, __ATOMIC_RELEASE);
	if (to_port) {
		write_to_port(ring->data + offset + sizeof(record), size);
		__atomic_store_n(&ring->tail, ring->head, __ATOMIC_RELEASE);
	} else if (head == tail) {
		ring_wake_reader();
	}
	return 0;
}
