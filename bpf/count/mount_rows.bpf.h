/* SPDX-License-Identifier: GPL-2.0 */
/* The slot of a connection, which is the index of its counters. */
#ifndef FUSESCOPE_MOUNT_ROWS_BPF_H
#define FUSESCOPE_MOUNT_ROWS_BPF_H

#include "bpf/count/counters.bpf.h"
#include "bpf/kernel/atomic.bpf.h"
#include "bpf/kernel/connection.bpf.h"

#define LIMITS_FRESH_NS	     1000000000ULL /* max_background can be changed while mounted */
#define CONNECTION_SLOT_MASK (FUSESCOPE_MAX_MOUNTS - 1)

static __always_inline struct fusescope_connection *connection_at(__u32 index)
{
	return bpf_map_lookup_elem(&connections, &index);
}

#define FIRST_FREE (FUSESCOPE_OTHER_MOUNT + 1) /* what find_connection() adds to a free slot */

/*
 * The slot of a connection; else FIRST_FREE plus the first slot that is free; else
 * FUSESCOPE_OTHER_MOUNT.
 */
CHECKED_ONCE __u32 find_connection(__u64 address)
{
	__u32 first = (address >> 6) * 2654435761U >> 8;
	__u32 result = FUSESCOPE_OTHER_MOUNT;
	__u32 i;

	for (i = 0; i < FUSESCOPE_MAX_MOUNTS; i++) {
		__u32 index = (first + i) & CONNECTION_SLOT_MASK;
		struct fusescope_connection *slot = connection_at(index);

		if (!slot)
			break;
		if (slot->address == address)
			return index;
		if (slot->address <= FUSESCOPE_TOMBSTONE && result == FUSESCOPE_OTHER_MOUNT)
			result = FIRST_FREE + index;
		if (slot->address == 0)
			break;
	}
	return result;
}

/* Takes a free slot for a connection; FUSESCOPE_OTHER_MOUNT if it is free no more. */
CHECKED_ONCE __u32 claim_connection(__u32 index, __u64 address, __u64 now)
{
	struct fusescope_connection *slot = connection_at(index);
	__u64 before;

	if (!slot)
		return FUSESCOPE_OTHER_MOUNT;
	before = slot->address;
	if (before <= FUSESCOPE_TOMBSTONE && compare_and_set(&slot->address, before, address)) {
		slot->refreshed_ns = 0;
		slot->claimed_ns = now;
		slot->waiting = 0;
		return index;
	}
	/* Another CPU was faster, most likely for the same connection. */
	return slot->address == address ? index : FUSESCOPE_OTHER_MOUNT;
}

/*
 * INIT is the first request of every connection: a slot that has the address already was that of
 * an earlier connection, whose memory this one was given. User space sees it and takes it back.
 */
CHECKED_ONCE int retire_connection(__u64 address)
{
	struct fusescope_connection *slot = connection_at(find_connection(address));

	if (slot)
		compare_and_set(&slot->address, address, address | FUSESCOPE_RETIRED);
	return 0;
}

/*
 * The index of a connection's counters; those beyond the limit share FUSESCOPE_OTHER_MOUNT. MOUNT
 * is null where a request does not lead to it.
 */
static __always_inline __u32 connection_index(__u64 address, struct fuse_mount *mount, __u64 now)
{
	__u32 index = find_connection(address);
	struct fusescope_connection *slot;

	if (index >= FIRST_FREE)
		index = claim_connection(index - FIRST_FREE, address, now);
	slot = connection_at(index);
	if (slot && (now - slot->refreshed_ns > LIMITS_FRESH_NS || !slot->limits.initialized)) {
		struct fuse_conn *connection = AS_STRUCT(fuse_conn, address);

		slot->refreshed_ns = now;
		slot->device = device_of(connection, mount);
		limits_of(connection, &slot->limits);
	}
	return index;
}

#endif
