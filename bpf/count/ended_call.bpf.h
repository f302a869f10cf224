/* SPDX-License-Identifier: GPL-2.0 */
/* An I/O call that is over, however it was seen: the one place where it is counted and told of. */
#ifndef FUSESCOPE_ENDED_CALL_BPF_H
#define FUSESCOPE_ENDED_CALL_BPF_H

#include "bpf/abi/cause.h"
#include "bpf/abi/histogram.h"
#include "bpf/abi/minimum.h"
#include "bpf/count/process_stats.bpf.h"
#include "bpf/count/trace.bpf.h"
#include "bpf/kernel/atomic.bpf.h"

struct ended_call {
	__u64 requests;
	__u64 bytes; /* asked for */
	__u64 begin; /* file offset */
	__u64 began_ns;
	__u64 ended_ns;
	const struct fusescope_closed
		*closed; /* of no meaning unless it took more requests than one */
	struct fusescope_trace_event
		*record; /* null: not traced; else what it does not say itself */
	__u32 mount;
	__u32 segments;
	__u32 process; /* whose it was, where processes are told apart */
	__u8 op;
	__u8 mode;
};

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

static __always_inline void count_call(struct fusescope_io_stats *io, const struct ended_call *call)
{
	__u32 slot = requests_slot(call->requests);

	if (slot < FUSESCOPE_REQUESTS_SLOTS)
		add(&io->requests[slot], 1);
	if (call->segments > 1)
		add(&io->extra_segments, call->segments - 1);
	add(&io->bytes, call->bytes);
	if (follows_processes)
		raise_to(&io->most_requests, call->requests);
	if (call->requests > 1)
		count_split(io, call->closed, call->requests, call->bytes);
}

static __always_inline void set_call(struct fusescope_trace_event *event,
				     const struct ended_call *call)
{
	event->kind = FUSESCOPE_TRACED_CALL;
	event->opcode = call->op == FUSESCOPE_READ ? FUSE_READ : FUSE_WRITE;
	event->mode = call->mode;
	event->requests = call->requests;
	event->cause = call->requests > 1 ? main_cause(call->closed) : FUSESCOPE_CAUSE_UNKNOWN;
	event->offset = call->begin;
	event->bytes = call->bytes;
	event->segments = call->segments;
}

static __always_inline void on_call_ended(const struct ended_call *call)
{
	struct fusescope_io_stats *io = io_stats(call->mount, call->op, call->mode);

	if (io)
		count_call(io, call);
	if (counts_processes) {
		io = io_of_process(call->process, call->mount, call->op, call->mode);
		if (io)
			count_call(io, call);
	}
	if (call->record) {
		set_call(call->record, call);
		emit_trace(call->record, call->began_ns, call->ended_ns);
	}
}

/* The call of a request that carried all of it; it is traced as its request is. */
static __always_inline struct ended_call whole_call(const struct fusescope_inflight *slot,
						    __u64 now)
{
	return (struct ended_call){
		.mount = slot->mount,
		.process = slot->sender >> 32,
		.op = slot->op,
		.mode = slot->mode,
		.requests = 1,
		.segments = slot->segments,
		.bytes = slot->asked_bytes,
		.began_ns = slot->sent_ns,
		.ended_ns = now,
	};
}

#endif
