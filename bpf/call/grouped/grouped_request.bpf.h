/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a data request into its I/O call, and takes it out again when it ends. */
#ifndef FUSESCOPE_GROUPED_REQUEST_BPF_H
#define FUSESCOPE_GROUPED_REQUEST_BPF_H

#include "bpf/call/grouped/call_slots.bpf.h"
#include "bpf/call/grouped/caller.bpf.h"
#include "bpf/call/split.bpf.h"

static __always_inline bool serves_call(const struct data_request *data,
					const struct call_args *call_args)
{
	return call_args->bytes == BYTES_UNKNOWN ||
	       carries_asked_bytes(data, call_args->begin, call_args->bytes);
}

static __always_inline bool covers_call(const struct data_request *data,
					const struct call_args *call_args)
{
	/* A buffered read that fails is tried again, page by page, by the same call. */
	if (!data->iocb && data->op == FUSESCOPE_READ)
		return false;
	return data->bytes >= call_args->bytes;
}

/*
 * "pending" goes up first and "sent_bytes" last: the end of an earlier request, on another CPU,
 * must not find the call complete before this request is in it.
 */
static __always_inline void join_slot(struct fusescope_call *call,
				      const struct grouped_request *grouped)
{
	const struct data_request *data = &grouped->data;

	__sync_fetch_and_add(&call->pending, 1);
	note_closed(&call->closed, call->requests, &call->latest, &call->kind, data,
		    grouped->mount);
	note_request(&call->latest, data, call->next_offset, grouped->call_args.readahead_bytes);
	call->requests++;
	call->next_offset = data->offset + data->bytes;
	call->last_ns = grouped->now;
	__sync_fetch_and_add(&call->sent_bytes, data->bytes);
}

static __always_inline __u32 open_call(const struct grouped_request *grouped)
{
	const struct data_request *data = &grouped->data;
	const struct call_args *call_args = &grouped->call_args;
	__u32 index = claim_call(call_args->key);
	struct fusescope_call *call = call_at(index);

	if (!call)
		return NO_CALL;
	call->signature = call_args->signature;
	call->first_ns = grouped->now;
	call->begin = call_args->bytes == BYTES_UNKNOWN ? data->offset : call_args->begin;
	call->asked_bytes = call_args->bytes;
	call->sent_bytes = data->bytes;
	call->last_ns = grouped->now;
	call->next_offset = data->offset + data->bytes;
	call->task_ios = call_args->task_ios;
	call->tid = grouped->tid;
	call->pending = 1;
	call->requests = 1;
	call->segments = call_args->segments;
	call->latest.window_left = 0;
	note_request(&call->latest, data, data->offset, call_args->readahead_bytes);
	call->kind.op = data->op;
	call->kind.mode = mode_of_request(data);
	call->kind.in_pieces = call_args->in_pieces;
	call->mount = grouped->mount;
	call->ends_with_task_io = call_args->ends_with_task_io;
	call->background = data->background;
	call->key = call_args->key;
	call->closing = 0;
	return index;
}

/* A call whose first request its caller did not send: what it asked for shows with a later one. */
static __always_inline void learn_call_args(struct fusescope_call *call,
					    const struct grouped_request *grouped)
{
	const struct call_args *call_args = &grouped->call_args;

	if (call->asked_bytes != BYTES_UNKNOWN || call_args->bytes == BYTES_UNKNOWN)
		return;
	call->segments = call_args->segments;
	call->task_ios = call_args->task_ios;
	call->tid = grouped->tid;
	call->ends_with_task_io = call_args->ends_with_task_io;
	call->kind.in_pieces = call_args->in_pieces;
	call->begin = call_args->begin;
	call->asked_bytes = call_args->bytes;
}

/* Whether a request goes on with a call that is open under its key. */
static __always_inline bool continues_call(const struct fusescope_call *call,
					   const struct data_request *data,
					   const struct call_args *call_args)
{
	if (data->iocb)
		return data->offset != call_args->begin;
	return call->signature == call_args->signature &&
	       (call->ends_with_task_io || data->offset >= call->next_offset);
}

static __always_inline void set_whole_call(struct fusescope_inflight *slot,
					   const struct call_args *call_args)
{
	slot->part = FUSESCOPE_PART_WHOLE;
	slot->asked_bytes = call_args->bytes;
	slot->segments = call_args->segments;
}

/* Puts a request into its call, and notes in the request's own slot which one that is. */
CHECKED_ONCE int group_into_call(struct fusescope_inflight *slot, struct grouped_request *grouped)
{
	const struct data_request *data;
	const struct call_args *call_args;
	struct fusescope_call *call;
	bool begins_call;
	__u32 index;

	if (!slot || !grouped)
		return 0;
	data = &grouped->data;
	call_args = &grouped->call_args;
	begins_call = !data->iocb || data->offset == call_args->begin;
	if (data->iocb && begins_call && covers_call(data, call_args)) {
		set_whole_call(slot, call_args);
		return 0;
	}
	index = find_call(call_args->key);
	call = call_at(index);
	if (call && continues_call(call, data, call_args)) {
		learn_call_args(call, grouped);
		join_slot(call, grouped);
	} else {
		if (call)
			close_call(call, index, call_args->key);
		if (!begins_call) {
			count_lost(FUSESCOPE_LOST_CALL_BEGINNING);
			return 0;
		}
		if (covers_call(data, call_args)) {
			set_whole_call(slot, call_args);
			return 0;
		}
		index = open_call(grouped);
		call = call_at(index);
		if (!call)
			return 0;
		call->process = slot->sender >> 32;
	}
	slot->part = FUSESCOPE_PART_OF_CALL;
	slot->call_slot = index;
	slot->call_generation = call->generation;
	return 0;
}

/* Whether no further request of this call can come, now that one of its requests has ended. */
static __always_inline bool is_complete(const struct fusescope_call *call, bool stops_call)
{
	if (call->kind.mode == FUSESCOPE_BUFFERED && call->kind.op == FUSESCOPE_READ)
		return false;
	return call->sent_bytes >= call->asked_bytes || (!call->background && stops_call);
}

static __always_inline void end_part(const struct fusescope_inflight *slot, bool stops_call,
				     __u64 now)
{
	struct fusescope_call *call = call_at(slot->call_slot);
	__u64 key;

	/* A call whose task was killed is counted before its last request ends. */
	if (!call || call->generation != slot->call_generation)
		return;
	key = call->key;
	call->last_ns = now;
	if (__sync_fetch_and_add(&call->pending, -1) == 1 && is_complete(call, stops_call))
		close_call(call, slot->call_slot, key);
}

#endif
