/* SPDX-License-Identifier: GPL-2.0 */
/* Connections: their limits, and the slot that is the index of a connection's counters. */
#ifndef FUSESCOPE_CONNECTION_BPF_H
#define FUSESCOPE_CONNECTION_BPF_H

#include "kernel_access.bpf.h"
#include "maps.bpf.h"

#define LIMITS_FRESH_NS 1000000000ULL /* max_background can be changed while mounted */
#define TOMBSTONE 1ULL		      /* user space freed the slot; searches go on past it */
#define CONNECTION_SLOT_MASK (FUSESCOPE_MAX_MOUNTS - 1)

/* What struct fuse_conn holds after process_init_reply() (fs/fuse/inode.c). */
static __always_inline void limits_of(struct fuse_conn *connection, struct fusescope_limits *limits)
{
	limits->max_read = READ_FIELD(connection, max_read);
	limits->max_write = READ_FIELD(connection, max_write);
	limits->max_pages = READ_FIELD(connection, max_pages);
	limits->max_background = READ_FIELD(connection, max_background);
	limits->congestion_threshold = READ_FIELD(connection, congestion_threshold);
	limits->initialized = READ_FIELD(connection, initialized) != 0;
	limits->io_uring = 0;
	if (bpf_core_field_exists(connection->io_uring))
		limits->io_uring = READ_FIELD(connection, io_uring) != 0;
}

static __always_inline void refresh_connection(struct fusescope_connection *slot,
					       struct fuse_mount *mount,
					       struct fuse_conn *connection, __u64 now)
{
	slot->refreshed_ns = now;
	slot->device = READ_FIELD(connection, dev);
	limits_of(connection, &slot->limits);
	slot->limits.readahead_pages =
		READ_FIELD(READ_FIELD(READ_FIELD(mount, sb), s_bdi), ra_pages);
}

/* The slot of a connection, or the one to claim for it, or FUSESCOPE_MAX_MOUNTS. */
static __always_inline __u32 find_connection(__u64 address, struct fusescope_connection **found)
{
	__u32 first = (address >> 6) * 2654435761U >> 8;
	__u32 reusable = FUSESCOPE_MAX_MOUNTS;
	__u32 i;

	for (i = 0; i < FUSESCOPE_MAX_MOUNTS; i++) {
		__u32 index = (first + i) & CONNECTION_SLOT_MASK;
		struct fusescope_connection *slot = bpf_map_lookup_elem(&connections, &index);

		if (!slot)
			break;
		if (slot->address == address) {
			*found = slot;
			return index;
		}
		if (slot->address <= TOMBSTONE && reusable == FUSESCOPE_MAX_MOUNTS)
			reusable = index;
		if (slot->address == 0)
			break;
	}
	return reusable;
}

/* The index of a mount's counters; connections beyond the limit share FUSESCOPE_OTHER_MOUNT. */
static __always_inline __u32 mount_index(struct fuse_mount *mount, __u64 now)
{
	struct fuse_conn *connection = READ_FIELD(mount, fc);
	__u64 address = READ_ADDRESS(mount, fc);
	struct fusescope_connection *slot = NULL;
	__u32 index = find_connection(address, &slot);

	if (!slot) {
		__u64 before;

		if (index >= FUSESCOPE_MAX_MOUNTS)
			return FUSESCOPE_OTHER_MOUNT;
		slot = bpf_map_lookup_elem(&connections, &index);
		if (!slot)
			return FUSESCOPE_OTHER_MOUNT;
		before = slot->address;
		if (before > TOMBSTONE ||
		    __sync_val_compare_and_swap(&slot->address, before, address) != before) {
			/* Another CPU took the slot: most likely for the same connection. */
			slot = NULL;
			index = find_connection(address, &slot);
			if (!slot)
				return FUSESCOPE_OTHER_MOUNT;
		}
		slot->refreshed_ns = 0;
	}
	if (now - slot->refreshed_ns > LIMITS_FRESH_NS || !slot->limits.initialized)
		refresh_connection(slot, mount, connection, now);
	return index;
}

#endif
