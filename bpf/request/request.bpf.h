/* SPDX-License-Identifier: GPL-2.0 */
/* Life of a request: sent, taken, ended. Every hook mode calls into these bodies. */
#ifndef FUSESCOPE_REQUEST_BPF_H
#define FUSESCOPE_REQUEST_BPF_H

#include "bpf/call/grouped/asked.bpf.h"
#include "bpf/request/followed.bpf.h"
#include "bpf/call/hooked/hooked_call.bpf.h"
#include "bpf/request/inflight.bpf.h"
#include "bpf/count/trace_request.bpf.h"

/* Without typed pointers the functions of a call are hooked, or no call is seen. */
#ifdef FUSESCOPE_DIRECT_LOADS
#include "bpf/call/grouped/grouped_call.bpf.h"
#endif
#include "bpf/count/durations.bpf.h"
#include "bpf/count/errors.bpf.h"

/* include/uapi/linux/fuse.h */
#define FUSE_INIT	 26
#define OUT_HEADER_BYTES 16

/* The bit of a request's flags: enum fuse_req_flag, whose values have not changed since 5.10. */
#define HAS_FLAG(req, name, value)                                                                 \
	(READ_FIELD(req, flags) >> (bpf_core_enum_value_exists(enum fuse_req_flag, name)           \
					    ? bpf_core_enum_value(enum fuse_req_flag, name)        \
					    : (value)) &                                           \
	 1)

/* A READ or WRITE: whose it is, and what it carries. */
static __always_inline void on_data_request(struct fusescope_inflight *slot, struct fuse_req *req,
					    __u64 connection, __u32 mount, __u8 op, __u64 now)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);
	struct placement placement = {.now = now, .mount = mount};
	struct data_request *data = &placement.data;
	__u32 origin;

	read_data_request(data, READ_FIELD(req, args), op, connection);
	data->background = HAS_FLAG(req, FR_BACKGROUND, 2);
	trace_data_sent(slot, data);
	if (slot) {
		slot->bytes = data->bytes;
		slot->op = op;
		slot->mode = mode_of_request(data);
	}
#ifdef FUSESCOPE_DIRECT_LOADS
	if (!calls_are_hooked)
		origin = place_in_grouped_call(slot, &placement, req,
					       AS_STRUCT(fuse_conn, connection));
	else
#endif
		origin = place_in_hooked_call(data, READ_ADDRESS(req, args));
	if (stats)
		count_data_request(&stats->ops[op & 1].data, data, origin);
}

static __always_inline void count_other_request(__u32 mount)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);

	if (stats)
		add(&stats->sent_others, 1);
}

/* Notes in a request's slot the process that it is of, and makes room for that one's counters. */
static __always_inline void note_process(struct fusescope_inflight *slot, struct fuse_req *req,
					 __u64 connection)
{
	__u64 process = process_of_request(req, connection, slot->background);

	slot->sender = process << 32 | (__u32)slot->sender;
	stats_of_process(process, slot->mount);
}

/* Role "sent": the request, at ADDRESS, is about to be queued for the daemon. */
static __always_inline int on_request_sent(struct fuse_req *req, __u64 address)
{
	__u32 opcode = READ_FIELD(READ_FIELD(req, args), opcode);
	__u64 connection = connection_of_request(req);
	__u64 now = bpf_ktime_get_ns();
	struct fusescope_inflight *slot;
	__u32 index;

	if (opcode == FUSE_INIT)
		retire_connection(connection);
	if (follows_processes &&
	    !counts_request(req, connection, HAS_FLAG(req, FR_BACKGROUND, 2))) {
		forget_inflight(address);
		return 0;
	}
	index = connection_index(connection, mount_of_request(req), now);
	slot = inflight_at(claim_inflight(address));
	if (slot) {
		slot->sent_ns = now;
		slot->taken_ns = 0;
		slot->mount = index;
		slot->opcode = opcode;
		slot->part = FUSESCOPE_PART_NONE;
		slot->background = HAS_FLAG(req, FR_BACKGROUND, 2);
		slot->sender = bpf_get_current_pid_tgid();
		if (counts_processes)
			note_process(slot, req, connection);
	}
	if (is_data(opcode))
		on_data_request(slot, req, connection, index, op_of(opcode), now);
	else
		count_other_request(index);
	if (slot) {
		trace_sent(slot, req, connection);
		slot->request = address;
	}
	return 0;
}

static __always_inline void count_duration(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_duration_stats *duration = NULL;

	if (is_data(slot->opcode)) {
		struct fusescope_mount_stats *stats = stats_of_mount(slot->mount);

		if (stats)
			duration = &stats->ops[op_of(slot->opcode) & 1].duration;
	} else {
		duration = duration_row(slot->mount, slot->opcode);
	}
	if (duration)
		count_elapsed(duration, now - slot->sent_ns);
}

/* The phases of a request, where its taking by the daemon was seen. */
static __always_inline void count_phases(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_mount_stats *stats;

	if (!slot->taken_ns)
		return;
	stats = stats_of_mount(slot->mount);
	if (!stats)
		return;
	count_elapsed(&stats->phases[FUSESCOPE_PHASE_QUEUED], slot->taken_ns - slot->sent_ns);
	count_elapsed(&stats->phases[FUSESCOPE_PHASE_SERVICE], now - slot->taken_ns);
}

/*
 * An error reply, and whether a signal had interrupted the request: then an INTERRUPT, which is no
 * request of its own, was queued for the daemon (request_wait_answer(), fs/fuse/dev.c).
 */
static __always_inline void count_outcome(struct fuse_req *req,
					  const struct fusescope_inflight *slot)
{
	__s32 error = READ_FIELD(req, out.h.error);
	struct fusescope_mount_stats *stats;

	if (error < 0)
		count_error(slot->mount, slot->opcode, -error);
	if (!HAS_FLAG(req, FR_INTERRUPTED, 5))
		return;
	stats = stats_of_mount(slot->mount);
	if (stats)
		add(&stats->interrupted, 1);
}

/* An error or a short reply ends a call whose requests wait for each other: fuse_direct_io(). */
static __always_inline bool reply_stops_call(struct fuse_req *req,
					     const struct fusescope_inflight *slot)
{
	if (READ_FIELD(req, out.h.error))
		return true;
	return slot->op == FUSESCOPE_READ &&
	       READ_FIELD(req, out.h.len) < slot->bytes + OUT_HEADER_BYTES;
}

/* Role "taken": the daemon has begun to read the request. What is copied later is its reply. */
static __always_inline int on_request_taken(__u64 address)
{
	struct fusescope_inflight *slot = inflight_at(find_inflight(address));

	if (slot && !slot->taken_ns)
		slot->taken_ns = bpf_ktime_get_ns();
	return 0;
}

/* Role "ended": the reply is in, or the connection was aborted. */
static __always_inline int on_request_ended(struct fuse_req *req, __u64 address)
{
	__u32 place = find_inflight(address);
	struct fusescope_inflight *slot = inflight_at(place);
	__u64 now = bpf_ktime_get_ns();

	if (!slot) {
		/* Refused after a disconnect: such a request ends without ever being sent. */
		if (!follows_processes && READ_FIELD(req, in.h.unique))
			count_lost(FUSESCOPE_LOST_UNMATCHED_END);
		return 0;
	}
	count_duration(slot, now);
	count_phases(slot, now);
	if (counts_processes)
		count_request_of_process(slot, is_data(slot->opcode), now);
	count_outcome(req, slot);
	if (traces)
		trace_ended(place, slot, req, now);
#ifdef FUSESCOPE_DIRECT_LOADS
	if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct fusescope_io_stats *io = io_stats(slot->mount, slot->op, slot->mode);

		if (io)
			count_call(io, 1, slot->segments, slot->asked_bytes, 0);
		count_call_of_process(slot->sender >> 32, slot->mount, slot->op, slot->mode, 1,
				      slot->segments, slot->asked_bytes, 0);
	} else if (slot->part == FUSESCOPE_PART_OF_CALL) {
		end_part(slot, reply_stops_call(req, slot), now);
	}
#endif
	slot->request = 0;
	return 0;
}

#endif
