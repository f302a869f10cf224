/* SPDX-License-Identifier: GPL-2.0 */
/* What `fusescope trace` is told of requests, and of calls that are one request. */
#ifndef FUSESCOPE_TRACE_REQUEST_BPF_H
#define FUSESCOPE_TRACE_REQUEST_BPF_H

#include "call.bpf.h"
#include "connection.bpf.h"
#include "inflight.bpf.h"
#include "trace.bpf.h"
#include "trace_background.bpf.h"

/* What a slot of "inflight" does not hold. */
struct traced_request {
	struct traced_thread who;
	__u64 offset;
	__u32 pages;
	__u32 device;
};

SHARED_MAP(traced_requests, BPF_MAP_TYPE_ARRAY, FUSESCOPE_INFLIGHT_SLOTS, struct traced_request, 0);

static __always_inline struct traced_request *traced_at(__u32 place)
{
	return bpf_map_lookup_elem(&traced_requests, &place);
}

/* The same for a request that is about to be sent, by its SLOT. Null: not traced. */
static __always_inline struct traced_request *traced_of(const struct fusescope_inflight *slot)
{
	return traces && slot ? traced_at(find_inflight(slot->request)) : NULL;
}

/* A READ or WRITE is about to be sent. */
static __always_inline void trace_data_sent(const struct fusescope_inflight *slot,
					    const struct data_request *data)
{
	struct traced_request *traced = traced_of(slot);

	if (!traced)
		return;
	traced->offset = data->offset;
	traced->pages = data->pages;
}

/* A call that is opened by this request, or that nobody was known for until now. */
static __always_inline void trace_call_joined(const struct fusescope_inflight *slot,
					      const struct traced_request *traced)
{
	__u32 index = slot->call_slot;
	struct fusescope_call *call = call_at(index);
	struct traced_call *of_call = bpf_map_lookup_elem(&traced_calls, &index);

	if (!call || !of_call || (call->requests > 1 && of_call->who.process))
		return;
	of_call->who = traced->who;
	of_call->device = traced->device;
}

/* Any request is about to be sent; its call, if any, is known. */
static __always_inline void trace_sent(const struct fusescope_inflight *slot, struct fuse_req *req,
				       __u64 connection)
{
	struct traced_request *traced = traced_of(slot);

	if (!traced)
		return;
	traced->device = device_of(AS_STRUCT(fuse_conn, connection), mount_of_request(req));
	note_requester(&traced->who, req, connection, slot->background);
	if (slot->part == FUSESCOPE_PART_OF_CALL)
		trace_call_joined(slot, traced);
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
	if (!slot->taken_ns)
		return;
	event->is_taken = 1;
	event->queued_ns = slot->taken_ns - slot->sent_ns;
	event->service_ns = now - slot->taken_ns;
}

/* A request has ended, and with it its call, if that is no other request's too. */
static __always_inline void trace_ended(__u32 place, const struct fusescope_inflight *slot,
					struct fuse_req *req, __u64 now)
{
	struct traced_request *traced = traced_at(place);
	struct fusescope_trace_event event = {.ended_ns = now};

	if (!traced || (!trace_requests && slot->part != FUSESCOPE_PART_WHOLE))
		return;
	event.latency_ns = now - slot->sent_ns;
	event.device = traced->device;
	event.offset = FUSESCOPE_OFFSET_UNKNOWN;
	set_thread(&event, &traced->who);
	if (is_data(slot->opcode)) {
		event.mode = slot->mode;
		event.offset = traced->offset;
		event.pages = traced->pages;
		event.bytes = slot->bytes;
	}
	if (trace_requests) {
		set_request(&event, slot, req, now);
	} else {
		set_call(&event, slot->op, slot->mode, 1, 0);
		event.bytes = slot->asked_bytes;
		event.segments = slot->segments;
	}
	emit_trace(&event);
}

#endif
