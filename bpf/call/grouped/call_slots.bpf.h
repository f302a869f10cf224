/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The slots of calls in progress, as their requests show them: opened by the first request, closed
 * by the end of the request that completes what was asked for, by the next call of the same task,
 * or by the settler (ended_calls.bpf.h) when the task has moved on.
 *
 * A call whose first request carries all that it asked for never gets a slot here: the request's
 * own slot says it all (FUSESCOPE_PART_WHOLE).
 */
#ifndef FUSESCOPE_CALL_SLOTS_BPF_H
#define FUSESCOPE_CALL_SLOTS_BPF_H

#include "bpf/count/ended_call.bpf.h"
#include "bpf/kernel/atomic.bpf.h"

#define CALL_SLOT_MASK (FUSESCOPE_CALL_SLOTS - 1)
#define NO_CALL	       FUSESCOPE_CALL_SLOTS

static __always_inline struct fusescope_call *call_at(__u32 index)
{
	return bpf_map_lookup_elem(&calls, &index);
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

/* The call of slot INDEX is over. */
CHECKED_ONCE int end_slot(const struct fusescope_call *call, __u32 index)
{
	struct ended_call ended = {};

	if (!call)
		return 0;
	ended.mount = call->mount;
	ended.process = call->process;
	ended.op = call->kind.op;
	ended.mode = call->kind.mode;
	ended.requests = call->requests;
	ended.segments = call->segments;
	ended.bytes = bytes_of_call(call);
	ended.closed = &call->closed;
	ended.begin = call->begin;
	ended.began_ns = call->first_ns;
	ended.ended_ns = call->last_ns;
	if (traces && !trace_requests)
		ended.record = bpf_map_lookup_elem(&traced_calls, &index);
	on_call_ended(&ended);
	return 0;
}

/* Counts the call of slot INDEX and frees that. Whoever wins the exchange is the only one to do so.
 */
static __always_inline void close_call(struct fusescope_call *call, __u32 index, __u64 key)
{
	if (!compare_and_set(&call->closing, 0, 1))
		return;
	if (call->key != key) {
		call->closing = 0;
		return;
	}
	end_slot(call, index);
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
