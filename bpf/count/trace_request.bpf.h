/* SPDX-License-Identifier: GPL-2.0 */
/* What `fusescope trace` is told of requests, and of calls that are one request. */
#ifndef FUSESCOPE_TRACE_REQUEST_BPF_H
#define FUSESCOPE_TRACE_REQUEST_BPF_H

#include "bpf/call/call.bpf.h"
#include "bpf/request/connection.bpf.h"
#include "bpf/request/inflight.bpf.h"
#include "bpf/count/trace.bpf.h"
#include "bpf/count/trace_background.bpf.h"
#include "bpf/count/trace_file.bpf.h"

/* The record of the request in each slot of "inflight", filled when it is sent and when it ends. */
SHARED_MAP(traced_requests, BPF_MAP_TYPE_ARRAY, FUSESCOPE_INFLIGHT_SLOTS,
	   struct fusescope_trace_event, 0);

static __always_inline struct fusescope_trace_event *traced_at(__u32 place)
{
	return bpf_map_lookup_elem(&traced_requests, &place);
}

/* The same for a request that is about to be sent, by its SLOT. Null: not traced. */
static __always_inline struct fusescope_trace_event *
traced_of(const struct fusescope_inflight *slot)
{
	return traces && slot ? traced_at(find_inflight(slot->request)) : NULL;
}

/* A READ or WRITE is about to be sent. */
static __always_inline void trace_data_sent(const struct fusescope_inflight *slot,
					    const struct data_request *data)
{
	struct fusescope_trace_event *event = traced_of(slot);

	if (!event)
		return;
	event->offset = data->offset;
	event->pages = data->pages;
	note_file(event, data->iocb ? READ_ADDRESS(AS_STRUCT(kiocb, data->iocb), ki_filp) : 0);
}

static __always_inline void trace_other_sent(struct fusescope_trace_event *event)
{
	event->offset = FUSESCOPE_OFFSET_UNKNOWN;
	event->bytes = 0;
	event->pages = 0;
	event->mode = 0;
}

/* A request that opens a call, or goes on with one. */
static __always_inline void trace_call_joined(const struct fusescope_inflight *slot,
					      const struct fusescope_trace_event *request)
{
	__u32 index = slot->call_slot;
	struct fusescope_call *call = call_at(index);
	struct fusescope_trace_event *event = bpf_map_lookup_elem(&traced_calls, &index);

	if (!call || !event)
		return;
	if (call->requests == 1)
		event->pages = 0;
	event->pages += request->pages;
	if (call->requests > 1 && event->who.process)
		return;
	event->who = request->who;
	event->device = request->device;
	__builtin_memcpy(event->file, request->file, sizeof(event->file));
}

/* Any request is about to be sent; its call, if any, is known. */
static __always_inline void trace_sent(const struct fusescope_inflight *slot, struct fuse_req *req,
				       __u64 connection)
{
	struct fusescope_trace_event *event = traced_of(slot);

	if (!event)
		return;
	event->device = device_of(AS_STRUCT(fuse_conn, connection), mount_of_request(req));
	note_requester(&event->who, req, connection, slot->background);
	if (!is_data(slot->opcode)) {
		trace_other_sent(event);
		return;
	}
#ifdef FUSESCOPE_DIRECT_LOADS
	if (!trace_requests && !calls_are_hooked)
		trace_file_of_syscall(event, connection, READ_FIELD(req, in.h.nodeid), slot->op);
#endif
	if (slot->part == FUSESCOPE_PART_OF_CALL)
		trace_call_joined(slot, event);
}

static __always_inline void set_request(struct fusescope_trace_event *event,
					const struct fusescope_inflight *slot, struct fuse_req *req,
					__u64 now)
{
	__s32 error = READ_FIELD(req, out.h.error);

	event->kind = FUSESCOPE_TRACED_REQUEST;
	event->opcode = slot->opcode;
	event->unique = READ_FIELD(req, in.h.unique);
	event->node = READ_FIELD(req, in.h.nodeid);
	event->error = error < 0 ? -error : 0;
	event->is_taken = slot->taken_ns > 0;
	if (!event->is_taken)
		return;
	event->queued_ns = slot->taken_ns - slot->sent_ns;
	event->service_ns = now - slot->taken_ns;
}

/* A request has ended, and with it its call, if that is no other request's too. */
static __always_inline void trace_ended(__u32 place, const struct fusescope_inflight *slot,
					struct fuse_req *req, __u64 now)
{
	struct fusescope_trace_event *event = traced_at(place);

	if (!event || (!trace_requests && slot->part != FUSESCOPE_PART_WHOLE))
		return;
	event->ended_ns = now;
	event->latency_ns = now - slot->sent_ns;
	if (is_data(slot->opcode)) {
		event->mode = slot->mode;
		event->bytes = slot->bytes;
	}
	if (trace_requests) {
		set_request(event, slot, req, now);
	} else {
		set_call(event, slot->op, slot->mode, 1, 0);
		event->bytes = slot->asked_bytes;
		event->segments = slot->segments;
	}
	emit_trace(event);
}

#endif
