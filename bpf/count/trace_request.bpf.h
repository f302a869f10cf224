/* SPDX-License-Identifier: GPL-2.0 */
/* What `fusescope trace` is told of requests: filled in when they are sent and when they end. */
#ifndef FUSESCOPE_TRACE_REQUEST_BPF_H
#define FUSESCOPE_TRACE_REQUEST_BPF_H

#include "bpf/count/ended_call.bpf.h"
#include "bpf/count/trace_who.bpf.h"
#include "bpf/kernel/connection.bpf.h"
#include "bpf/request/inflight.bpf.h"

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

/* Any request is about to be sent. NOTED: what is known of it from the background, or null. */
static __always_inline void trace_sent(const struct fusescope_inflight *slot, struct fuse_req *req,
				       __u64 connection, const struct background_note *noted)
{
	struct fusescope_trace_event *event = traced_of(slot);

	if (!event)
		return;
	event->device = device_of(AS_STRUCT(fuse_conn, connection), mount_of_request(req));
	note_requester(&event->who, req, connection, slot->background, noted);
	if (!is_data(slot->opcode))
		trace_other_sent(event);
}

static __always_inline void set_request(struct fusescope_trace_event *event,
					const struct fusescope_inflight *slot, struct fuse_req *req,
					__u64 now)
{
	__s32 error = READ_FIELD(req, out.h.error);

	event->kind = FUSESCOPE_TRACED_REQUEST;
	if (is_data(slot->opcode)) {
		event->mode = slot->mode;
		event->bytes = slot->bytes;
	}
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

	if (!event)
		return;
	if (trace_requests) {
		set_request(event, slot, req, now);
	} else if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct ended_call call = whole_call(slot, now);

		call.begin = event->offset;
		set_call(event, &call);
	} else {
		return;
	}
	emit_trace(event, slot->sent_ns, now);
}

#endif
