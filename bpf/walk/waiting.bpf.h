/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lists the requests that lie in the kernel's lists of a connection, but were not seen to be sent,
 * so that user space finds those that were sent before it began. No lock is taken: each step checks
 * that both neighbours name each other, and a list that does not is read no further, and is told to
 * be cut. What is listed may be no request any more: user space compares two listings.
 *
 * Not bg_queue: what is there is not sent, and was not seen so either when it is new.
 */
#ifndef FUSESCOPE_WAITING_BPF_H
#define FUSESCOPE_WAITING_BPF_H

#include "bpf/count/mount_rows.bpf.h"
#include "bpf/request/inflight.bpf.h"

#define list_requests	    BY_ACCESS(list_requests)
#define list_processing	    BY_ACCESS(list_processing)
#define list_device	    BY_ACCESS(list_device)
#define list_devices_behind BY_ACCESS(list_devices_behind)
#define list_ring_entries   BY_ACCESS(list_ring_entries)
#define list_ring_queue	    BY_ACCESS(list_ring_queue)
#define list_ring	    BY_ACCESS(list_ring)

#define PROCESSING_LISTS 256 /* FUSE_PQ_HASH_SIZE, fs/fuse/dev.c */
#define MAX_DEVICES	 256 /* of one connection that are looked at */
#define MAX_QUEUES	 512 /* of an io_uring, one for each CPU */

static __always_inline void note_listed(__u64 connection, __u64 request)
{
	__u32 index = listed_count;
	struct fusescope_listed *place = bpf_map_lookup_elem(&listed, &index);

	if (!place)
		return;
	place->connection = connection;
	place->request = request;
	listed_count = index + 1;
}

/* Whether its neighbour names it too: it is its own one once it was taken out. */
static __always_inline bool is_in_list(__u64 entry)
{
	__u64 next = ADDRESS_AT(entry);

	return next && next != entry && ADDRESS_AT(next + sizeof(next)) == entry;
}

static __always_inline bool is_empty_list(__u64 head)
{
	return ADDRESS_AT(head) == head;
}

/* The entry behind ENTRY; 0 if the list is being changed there. */
static __always_inline __u64 next_in_list(__u64 entry)
{
	if (is_in_list(entry))
		return ADDRESS_AT(entry);
	listing_is_cut = true;
	return 0;
}

/* The struct fuse_req.list behind HEAD: its first member since before 5.10. */
CHECKED_ONCE int list_requests(__u64 head, __u64 connection)
{
	__u64 entry = head;
	__u32 i;

	if (is_empty_list(head))
		return 0;
	for (i = 0; i < FUSESCOPE_LIST_LENGTH; i++) {
		entry = next_in_list(entry);
		if (!entry || entry == head)
			break;
		/* One that ended just now has no slot either, and is in no list. */
		if (!inflight_at(find_inflight(entry)) && is_in_list(entry))
			note_listed(connection, entry);
	}
	return 0;
}

CHECKED_ONCE int list_processing(__u64 lists, __u64 connection)
{
	__u32 i;

	for (i = 0; lists && i < PROCESSING_LISTS; i++)
		list_requests(lists + i * sizeof(struct list_head), connection);
	return 0;
}

/* What was taken through a struct fuse_dev. */
CHECKED_ONCE int list_device(__u64 address, __u64 connection)
{
	struct fuse_dev *device = AS_STRUCT(fuse_dev, address);

	list_processing(READ_ADDRESS(device, pq.processing), connection);
	if (FUSE_IS_DESCRIBED)
		list_requests(address + bpf_core_field_offset(struct fuse_dev, pq.io), connection);
	else
		list_requests(address + offsetof(struct fuse_dev_5_10, pq.io), connection);
	return 0;
}

/* Through all of them, those of virtiofs too, which nobody has open. */
CHECKED_ONCE int list_devices_behind(__u64 head, __u64 connection)
{
	__u64 entry = head;
	__u32 i;

	if (!FUSE_IS_DESCRIBED || is_empty_list(head))
		return 0;
	for (i = 0; i < MAX_DEVICES; i++) {
		entry = next_in_list(entry);
		if (!entry || entry == head)
			break;
		list_device(entry - bpf_core_field_offset(struct fuse_dev, entry), connection);
	}
	return 0;
}

static __always_inline void list_devices_of(__u64 connection)
{
	if (!FUSE_IS_DESCRIBED)
		return;
	if (HAS_CHANNEL) {
		__u64 channel = channel_address_of(connection);

		list_devices_behind(channel + bpf_core_field_offset(struct fuse_chan, devices),
				    connection);
	} else {
		list_devices_behind(connection + bpf_core_field_offset(struct fuse_conn, devices),
				    connection);
	}
}

/* Requests that have an entry of the ring already, and that the daemon has not run to take. */
CHECKED_ONCE int list_ring_entries(__u64 head, __u64 connection)
{
	__u64 entry = head;
	__u32 i;

	if (!bpf_core_field_exists(((struct fuse_ring_ent *)0)->fuse_req) || is_empty_list(head))
		return 0;
	for (i = 0; i < FUSESCOPE_LIST_LENGTH; i++) {
		__u64 request;

		entry = next_in_list(entry);
		if (!entry || entry == head)
			break;
		request = ADDRESS_AT(entry - bpf_core_field_offset(struct fuse_ring_ent, list) +
				     bpf_core_field_offset(struct fuse_ring_ent, fuse_req));
		if (request && !inflight_at(find_inflight(request)) && is_in_list(entry))
			note_listed(connection, request);
	}
	return 0;
}

CHECKED_ONCE int list_ring_queue(__u64 queue, __u64 connection)
{
	if (!bpf_core_field_exists(((struct fuse_ring_queue *)0)->fuse_req_queue))
		return 0;
	list_ring_entries(queue + bpf_core_field_offset(struct fuse_ring_queue, ent_w_req_queue),
			  connection);
	list_requests(queue + bpf_core_field_offset(struct fuse_ring_queue, fuse_req_queue),
		      connection);
	list_processing(
		ADDRESS_AT(queue + bpf_core_field_offset(struct fuse_ring_queue, fpq.processing)),
		connection);
	return 0;
}

CHECKED_ONCE int list_ring(__u64 ring, __u64 connection)
{
	__u64 queues, count;
	__u32 i;

	if (!bpf_core_field_exists(((struct fuse_ring *)0)->queues) || !ring)
		return 0;
	queues = ADDRESS_AT(ring + bpf_core_field_offset(struct fuse_ring, queues));
	count = ADDRESS_AT(ring + bpf_core_field_offset(struct fuse_ring, nr_queues));
	for (i = 0; i < MAX_QUEUES && i < count; i++) {
		__u64 queue = ADDRESS_AT(queues + i * sizeof(queue));

		if (queue)
			list_ring_queue(queue, connection);
	}
	return 0;
}

/* What no daemon has taken yet, and all of io_uring. */
static __always_inline void list_queues(__u64 connection)
{
	struct fuse_conn *of = AS_STRUCT(fuse_conn, connection);

	if (HAS_CHANNEL) {
		__u64 channel = channel_address_of(connection);

		list_requests(channel + bpf_core_field_offset(struct fuse_chan, iq.pending),
			      connection);
		if (bpf_core_field_exists(((struct fuse_chan *)0)->ring))
			list_ring(READ_DESCRIBED_ADDRESS(channel_of(of), ring), connection);
	} else if (FUSE_IS_DESCRIBED) {
		list_requests(connection + bpf_core_field_offset(struct fuse_conn, iq.pending),
			      connection);
		if (bpf_core_field_exists(of->ring))
			list_ring(READ_DESCRIBED_ADDRESS(of, ring), connection);
	} else {
		list_requests(connection + offsetof(struct fuse_conn_5_10, iq.pending), connection);
	}
}

#endif
