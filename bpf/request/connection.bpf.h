/* SPDX-License-Identifier: GPL-2.0 */
/* Connections: their limits, and the slot that is the index of a connection's counters. */
#ifndef FUSESCOPE_CONNECTION_BPF_H
#define FUSESCOPE_CONNECTION_BPF_H

#include "bpf/kernel/atomic.bpf.h"
#include "bpf/kernel/kernel_access.bpf.h"
#include "bpf/maps.bpf.h"

#define LIMITS_FRESH_NS	     1000000000ULL /* max_background can be changed while mounted */
#define CONNECTION_SLOT_MASK (FUSESCOPE_MAX_MOUNTS - 1)

/*
 * On 7.2 the transport of a connection is a struct of its own, and a request leads to that.
 */
#define HAS_CHANNEL                                                                                \
	(FUSE_IS_DESCRIBED && bpf_core_field_exists(((struct fuse_req___channel *)0)->chan))

static __always_inline struct fuse_chan *channel_of(struct fuse_conn *connection)
{
	return READ_DESCRIBED((struct fuse_conn___channel *)connection, chan);
}

static __always_inline __u64 channel_address_of(__u64 connection)
{
	struct fuse_conn *of = AS_STRUCT(fuse_conn, connection);

	return READ_DESCRIBED_ADDRESS((struct fuse_conn___channel *)of, chan);
}

/* The struct fuse_mount of a request; null where it does not lead there. */
static __always_inline struct fuse_mount *mount_of_request(struct fuse_req *req)
{
	return HAS_CHANNEL ? NULL : READ_FIELD(req, fm);
}

/* The address of the struct fuse_conn of a request. */
static __always_inline __u64 connection_of_request(struct fuse_req *req)
{
	if (HAS_CHANNEL) {
		struct fuse_req___channel *newer = (struct fuse_req___channel *)req;

		return READ_DESCRIBED_ADDRESS(READ_DESCRIBED(newer, chan), conn);
	}
	return READ_ADDRESS(READ_FIELD(req, fm), fc);
}

/* The address of the struct fuse_conn of an open /dev/fuse; 0 if it has none. */
static __always_inline __u64 connection_of_device(struct fuse_dev *device)
{
	if (HAS_CHANNEL) {
		struct fuse_dev___channel *newer = (struct fuse_dev___channel *)device;

		if (!READ_DESCRIBED_ADDRESS(newer, chan))
			return 0;
		return READ_DESCRIBED_ADDRESS(READ_DESCRIBED(newer, chan), conn);
	}
	return READ_ADDRESS(device, fc);
}

/* What a daemon and the kernel have agreed on beside numbers: bits of struct fuse_conn. */
static __always_inline void negotiated_of(struct fuse_conn *connection,
					  struct fusescope_limits *limits)
{
#ifndef FUSESCOPE_DIRECT_LOADS
	if (!FUSE_IS_DESCRIBED) {
		struct fuse_negotiated_5_10 bits = {};

		bpf_probe_read_kernel(&bits, sizeof(bits), &OF_5_10(connection)->negotiated);
		limits->big_writes = bits.big_writes;
		limits->async_dio = bits.async_dio;
		limits->writeback_cache = bits.writeback_cache;
		return;
	}
#endif
	limits->big_writes = READ_BIT(connection, big_writes);
	limits->async_dio = READ_BIT(connection, async_dio);
	limits->writeback_cache = READ_BIT(connection, writeback_cache);
}

/* What struct fuse_conn holds after process_init_reply() (fs/fuse/inode.c). */
static __always_inline void limits_of(struct fuse_conn *connection, struct fusescope_limits *limits)
{
	limits->max_read = READ_FIELD(connection, max_read);
	limits->max_write = READ_FIELD(connection, max_write);
	limits->max_pages = READ_FIELD(connection, max_pages);
	limits->congestion_threshold = READ_FIELD(connection, congestion_threshold);
	negotiated_of(connection, limits);
	limits->io_uring = 0;
	if (bpf_core_field_exists(connection->io_uring))
		limits->io_uring = READ_DESCRIBED(connection, io_uring) != 0;
	if (HAS_CHANNEL) {
		struct fuse_chan *channel = channel_of(connection);

		limits->max_background = READ_DESCRIBED(channel, max_background);
		limits->background = READ_DESCRIBED(channel, num_background);
		limits->initialized = READ_DESCRIBED(channel, initialized) != 0;
		if (bpf_core_field_exists(channel->io_uring))
			limits->io_uring = READ_DESCRIBED(channel, io_uring) != 0;
	} else {
		limits->max_background = READ_FIELD(connection, max_background);
		limits->background = READ_FIELD(connection, num_background);
		limits->initialized = READ_FIELD(connection, initialized) != 0;
	}
}

/*
 * What fusectl shows as "waiting": the requests that were asked for and are not given back, also
 * those of threads that wait before they may send one: fuse_get_req(), fuse_put_request(),
 * fs/fuse/dev.c.
 */
static __always_inline __u32 waiting_of(struct fuse_conn *connection)
{
	if (HAS_CHANNEL)
		return READ_DESCRIBED(channel_of(connection), num_waiting.counter);
	return READ_FIELD(connection, num_waiting.counter);
}

/* The st_dev that mountinfo shows. */
static __always_inline __u32 device_of(struct fuse_conn *connection, struct fuse_mount *mount)
{
	if (bpf_core_field_exists(connection->dev))
		return READ_DESCRIBED(connection, dev);
	if (!mount)
		return READ_FIELD(connection, dev);
	return READ_FIELD(READ_FIELD(mount, sb), s_dev);
}

/* Whether max_background are in use, so that a thread has to wait before it may send one more. */
static __always_inline bool is_background_full(struct fuse_conn *connection)
{
	if (HAS_CHANNEL)
		return READ_DESCRIBED(channel_of(connection), blocked) != 0;
	return READ_FIELD(connection, blocked) != 0;
}

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
