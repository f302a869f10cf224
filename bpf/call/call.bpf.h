/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Life of an I/O call, as its requests show it: opened by its first request, closed by the end
 * of the request that completes what it asked for, by the next call of the same task, or by the
 * settler (settle.bpf.h) when its task has moved on.
 *
 * A call whose first request carries all that it asked for never gets a slot here: the request's
 * own slot says it all (FUSESCOPE_PART_WHOLE).
 */
#ifndef FUSESCOPE_CALL_BPF_H
#define FUSESCOPE_CALL_BPF_H

#include "bpf/kernel/atomic.bpf.h"
#include "bpf/abi/cause.h"
#include "bpf/request/connection.bpf.h"
#include "bpf/request/data_request.bpf.h"
#include "bpf/abi/histogram.h"
#include "bpf/kernel/kernel_access.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/abi/minimum.h"
#include "bpf/count/trace.bpf.h"
#include "bpf/count/process_stats.bpf.h"

#define CALL_SLOT_MASK (FUSESCOPE_CALL_SLOTS - 1)
#define NO_CALL	       FUSESCOPE_CALL_SLOTS

static __always_inline struct fusescope_call *call_at(__u32 index)
{
	return bpf_map_lookup_elem(&calls, &index);
}

/*
 * A request of a call, which is the latest one now. NEXT_OFFSET: behind the one before, whose
 * values *LATEST has. WINDOW: bytes of the file's readahead window; 0: not known.
 */
static __always_inline void note_request(struct fusescope_latest_request *latest,
					 const struct data_request *data, __u64 next_offset,
					 __u32 window)
{
	latest->window_left = left_of_window(latest->window_left, data->offset - next_offset,
					     data->bytes, window);
	latest->bytes = data->bytes;
	latest->pages = data->pages;
	latest->begin_in_page = data->offset & ((1ULL << page_shift) - 1);
	latest->mode = mode_of_request(data);
}

/*
 * NEXT follows the latest request of a call: why that one was closed is decided now, and noted in
 * *CLOSED, of a call with one request before. MOUNT is the row of its connection.
 */
static __always_inline __u8 note_closed(struct fusescope_closed *closed, __u32 requests_before,
					const struct fusescope_latest_request *latest,
					const struct fusescope_call_kind *kind,
					const struct data_request *next, __u32 mount)
{
	struct fusescope_connection *connection = connection_at(mount);
	struct fusescope_limits limits = {};
	__u8 cause;

	if (requests_before == 1)
		__builtin_memset(closed, 0, sizeof(*closed));
	if (connection)
		limits = connection->limits;
	else /* one of FUSESCOPE_OTHER_MOUNT */
		limits_of(AS_STRUCT(fuse_conn, next->connection), &limits);
	cause = split_cause(latest, kind, mode_of_request(next), &limits, page_shift);
	if (cause < FUSESCOPE_CAUSES)
		closed->requests[cause]++;
	return cause;
}

/* Sets *MOST to VALUE if that is more. */
static __always_inline void raise_to(__u64 *most, __u64 value)
{
	__u32 tries;

	for (tries = 0; tries < 4; tries++) {
		__u64 before = *most;

		if (value <= before || compare_and_set(most, before, value))
			return;
	}
}

/* An ended call that took more requests than one, each of which but the last was CLOSED early. */
CHECKED_ONCE int count_split(struct fusescope_io_stats *io, const struct fusescope_closed *closed,
			     __u64 requests, __u64 bytes)
{
	__u64 needed;
	__u32 cause, i;

	if (!io || !closed)
		return 0;
	needed = fewest_requests(requests, bytes, host_request_bytes);
	if (needed > 1)
		add(&io->needed_extra_requests, needed - 1);
	cause = main_cause(closed);
	if (cause < FUSESCOPE_CAUSES)
		add(&io->splits[cause], 1);
	for (i = 0; i < FUSESCOPE_CAUSES; i++)
		if (closed->requests[i])
			add(&io->extra_requests[i], closed->requests[i]);
	return 0;
}

/* One ended call. CLOSED is of no meaning unless it took more requests than one. */
static __always_inline void count_call(struct fusescope_io_stats *io, __u64 requests,
				       __u32 segments, __u64 bytes,
				       const struct fusescope_closed *closed)
{
	__u32 slot = requests_slot(requests);

	if (slot < FUSESCOPE_REQUESTS_SLOTS)
		add(&io->requests[slot], 1);
	if (segments > 1)
		add(&io->extra_segments, segments - 1);
	add(&io->bytes, bytes);
	if (follows_processes)
		raise_to(&io->most_requests, requests);
	if (requests > 1)
		count_split(io, closed, requests, bytes);
}

/* The same, for the process whose call it was. */
static __always_inline void count_call_of_process(__u64 process, __u32 mount, __u8 op, __u8 mode,
						  __u64 requests, __u32 segments, __u64 bytes,
						  const struct fusescope_closed *closed)
{
	struct fusescope_io_stats *io;

	if (!counts_processes)
		return;
	io = io_of_process(process, mount, op, mode);
	if (io)
		count_call(io, requests, segments, bytes, closed);
}

static __always_inline struct fusescope_io_stats *io_stats(__u32 mount, __u8 op, __u8 mode)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);

	return stats ? &stats->ops[op & 1].io[mode & 1] : NULL;
}

static __always_inline __u32 call_hash(__u64 key)
{
	return key * HASH_FACTOR >> 40;
}

/* The slot of a call in progress, or NO_CALL. */
CHECKED_ONCE __u32 find_call(__u64 key)
{
	__u32 first = call_hash(key);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & CALL_SLOT_MASK;
		struct fusescope_call *call = call_at(index);

		if (call && call->key == key)
			return index;
	}
	return NO_CALL;
}

/* Tells of a call that is about to be freed: from its first request to the end of its last. */
CHECKED_ONCE int trace_call(const struct fusescope_call *call, __u64 key, __u64 bytes)
{
	struct fusescope_trace_event *event;
	__u32 index;

	if (!traces || trace_requests || !call)
		return 0;
	index = find_call(key);
	event = bpf_map_lookup_elem(&traced_calls, &index);
	if (!event)
		return 0;
	event->ended_ns = call->last_ns;
	event->latency_ns = call->last_ns - call->first_ns;
	event->offset = call->begin;
	event->bytes = bytes;
	event->segments = call->segments;
	set_call(event, call->kind.op, call->kind.mode, call->requests,
		 call->requests > 1 ? main_cause(&call->closed) : FUSESCOPE_CAUSE_UNKNOWN);
	emit_trace(event);
	return 0;
}

/* What a call that is over counts as its bytes. */
static __always_inline __u64 bytes_of_call(const struct fusescope_call *call)
{
	/* More cannot be written than what came through the pipe. */
	if (call->kind.in_pieces && call->kind.op == FUSESCOPE_WRITE &&
	    call->sent_bytes < call->asked_bytes)
		return call->sent_bytes;
	if (call->asked_bytes != ~0ULL)
		return call->asked_bytes;
	count_note(FUSESCOPE_NOTE_CALL_ESTIMATED);
	return call->sent_bytes;
}

/* Counts a call and frees its slot. Whoever wins the exchange is the only one to do so. */
static __always_inline void close_call(struct fusescope_call *call, __u64 key)
{
	struct fusescope_call_kind kind = call->kind;
	struct fusescope_io_stats *io;
	__u64 bytes;

	if (!compare_and_set(&call->closing, 0, 1))
		return;
	if (call->key != key) {
		call->closing = 0;
		return;
	}
	bytes = bytes_of_call(call);
	io = io_stats(call->mount, kind.op, kind.mode);
	if (io)
		count_call(io, call->requests, call->segments, bytes, &call->closed);
	trace_call(call, key, bytes);
	count_call_of_process(call->process, call->mount, kind.op, kind.mode, call->requests,
			      call->segments, bytes, &call->closed);
	call->generation++;
	call->key = 0;
	call->closing = 0;
}

/* Whether there is such a call in progress, and what it asked for is known. */
static __always_inline bool is_known_call(__u64 key)
{
	struct fusescope_call *call = call_at(find_call(key));

	return call && call->asked_bytes != ~0ULL;
}

/* Takes a free slot: locked by its "closing" until the caller has filled it and set the key. */
CHECKED_ONCE __u32 claim_call(__u64 key)
{
	__u32 first = call_hash(key);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & CALL_SLOT_MASK;
		struct fusescope_call *call = call_at(index);

		if (!call || call->key || !compare_and_set(&call->closing, 0, 1))
			continue;
		if (!call->key)
			return index;
		call->closing = 0;
	}
	count_lost(FUSESCOPE_LOST_CALLS_FULL);
	return NO_CALL;
}

#endif
