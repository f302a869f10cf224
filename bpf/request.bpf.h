/* SPDX-License-Identifier: GPL-2.0 */
/* Life of a request: sent, taken, ended. Every hook mode calls into these bodies. */
#ifndef FUSESCOPE_REQUEST_BPF_H
#define FUSESCOPE_REQUEST_BPF_H

#include "asked.bpf.h"
#include "followed.bpf.h"
#include "hooked_call.bpf.h"
#include "inflight.bpf.h"

/* Without typed pointers the functions of a call are hooked, or no call is seen. */
#ifdef FUSESCOPE_DIRECT_LOADS
#include "grouped_call.bpf.h"
#endif

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
		origin = place_in_hooked_call(data, READ_ADDRESS(req, args),
					      AS_STRUCT(fuse_conn, connection));
	if (stats)
		count_data_request(&stats->ops[op & 1].data, data, origin);
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
	}
	if (is_data(opcode))
		on_data_request(slot, req, connection, index, op_of(opcode), now);
	if (slot)
		slot->request = address;
	return 0;
}

/* The histogram of an opcode other than READ and WRITE; rows are given out as they are needed. */
static __always_inline struct fusescope_duration_stats *duration_row(__u32 mount, __u32 opcode)
{
	__u32 last = FUSESCOPE_MAX_OPCODES - 1;
	__u32 key = mount * FUSESCOPE_MAX_OPCODES + (opcode < last ? opcode : last);
	__u64 *row = bpf_map_lookup_elem(&duration_rows, &key);
	__u32 index;

	if (!row)
		return NULL;
	if (!*row) {
		/* Rows count from 1. Of two CPUs that come at once one wastes a row. */
		struct fusescope_self_stats *stats = self();
		__u64 fresh = stats ? fetch_and_add(&stats->duration_rows_used, 1) + 1
				    : FUSESCOPE_DURATION_ROWS;

		if (!fresh || fresh >= FUSESCOPE_DURATION_ROWS) {
			count_lost(FUSESCOPE_LOST_DURATION_ROWS);
			return NULL;
		}
		compare_and_set(row, 0, fresh);
	}
	index = row_of_this_cpu(*row, FUSESCOPE_DURATION_ROWS);
	return bpf_map_lookup_elem(&durations, &index);
}

static __always_inline void count_elapsed(struct fusescope_duration_stats *duration, __u64 elapsed)
{
	__u32 bucket = duration_slot(elapsed);

	if (bucket < FUSESCOPE_DURATION_SLOTS)
		add(&duration->slots[bucket], 1);
	add(&duration->sum_ns, elapsed);
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
	struct fusescope_inflight *slot = inflight_at(find_inflight(address));
	__u64 now = bpf_ktime_get_ns();

	if (!slot) {
		/* Refused after a disconnect: such a request ends without ever being sent. */
		if (!follows_processes && READ_FIELD(req, in.h.unique))
			count_lost(FUSESCOPE_LOST_UNMATCHED_END);
		return 0;
	}
	count_duration(slot, now);
	count_phases(slot, now);
#ifdef FUSESCOPE_DIRECT_LOADS
	if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct fusescope_io_stats *io = io_stats(slot->mount, slot->op, slot->mode);

		if (io)
			count_call(io, 1, slot->segments, slot->asked_bytes, 0);
	} else if (slot->part == FUSESCOPE_PART_OF_CALL) {
		end_part(slot, reply_stops_call(req, slot), now);
	}
#endif
	slot->request = 0;
	return 0;
}

#endif
