/* SPDX-License-Identifier: GPL-2.0 */
/* A connection, struct fuse_conn: what leads to it, and what it holds. */
#ifndef FUSESCOPE_CONNECTION_BPF_H
#define FUSESCOPE_CONNECTION_BPF_H

#include "bpf/abi/abi.h"
#include "bpf/kernel/kernel_access.bpf.h"

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
	if (!FUSE_IS_DESCRIBED) {
		struct fuse_negotiated_5_10 bits = {};

		bpf_probe_read_kernel(&bits, sizeof(bits), &OF_5_10(connection)->negotiated);
		limits->big_writes = bits.big_writes;
		limits->async_dio = bits.async_dio;
		limits->writeback_cache = bits.writeback_cache;
		return;
	}
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

#endif
