/* SPDX-License-Identifier: GPL-2.0 */
/* Life of a request: sent, taken, ended. Every hook mode calls into these bodies. */
#ifndef FUSESCOPE_REQUEST_BPF_H
#define FUSESCOPE_REQUEST_BPF_H

#include "bpf/call/call.bpf.h"
#include "bpf/count/ended.bpf.h"
#include "bpf/count/sent.bpf.h"
#include "bpf/count/trace_request.bpf.h"
#include "bpf/request/followed.bpf.h"
#include "bpf/request/inflight.bpf.h"

/* include/uapi/linux/fuse.h */
#define FUSE_INIT 26

/* The bit of a request's flags: enum fuse_req_flag, whose values have not changed since 5.10. */
#define HAS_FLAG(req, name, value)                                                                 \
	(READ_FIELD(req, flags) >> (bpf_core_enum_value_exists(enum fuse_req_flag, name)           \
					    ? bpf_core_enum_value(enum fuse_req_flag, name)        \
					    : (value)) &                                           \
	 1)

/* A READ or WRITE: whose it is, and what it carries. */
static __always_inline void on_data_request(struct fusescope_inflight *slot, struct fuse_req *req,
					    __u64 connection, __u32 mount, __u8 op, __u64 now,
					    const struct background_note *noted)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);
	struct grouped_request grouped = {.now = now, .mount = mount};
	struct data_request *data = &grouped.data;
	__u32 origin;

	read_data_request(data, READ_FIELD(req, args), op, connection);
	data->background = HAS_FLAG(req, FR_BACKGROUND, 2);
	trace_data_sent(slot, data);
	if (slot) {
		slot->bytes = data->bytes;
		slot->op = op;
		slot->mode = mode_of_request(data);
	}
	origin = join_call(slot, &grouped, req, noted);
	if (stats)
		count_data_request(&stats->ops[op & 1].data, data, origin);
}

/* Notes in a request's slot the process that it is of, and makes room for that one's counters. */
static __always_inline void note_process(struct fusescope_inflight *slot, struct fuse_req *req,
					 __u64 connection, const struct background_note *noted)
{
	__u64 process = process_of_request(req, connection, slot->background, noted);

	slot->sender = process << 32 | (__u32)slot->sender;
	stats_of_process(process, slot->mount);
}

/* Role "sent": the request, at ADDRESS, is about to be queued for the daemon. */
static __always_inline int on_request_sent(struct fuse_req *req, __u64 address)
{
	__u32 opcode = READ_FIELD(READ_FIELD(req, args), opcode);
	__u64 connection = connection_of_request(req);
	__u64 now = bpf_ktime_get_ns();
	bool background = HAS_FLAG(req, FR_BACKGROUND, 2);
	const struct background_note *noted = background ? noted_background(req, opcode) : NULL;
	struct fusescope_inflight *slot;
	__u32 index;

	if (opcode == FUSE_INIT)
		retire_connection(connection);
	if (follows_processes && !counts_request(req, connection, background, noted)) {
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
		slot->background = background;
		slot->sender = bpf_get_current_pid_tgid();
		if (counts_processes)
			note_process(slot, req, connection, noted);
		trace_sent(slot, req, connection, noted);
	}
	if (is_data(opcode))
		on_data_request(slot, req, connection, index, op_of(opcode), now, noted);
	else
		count_other_request(index);
	if (slot)
		slot->request = address;
	if (noted)
		forget_background(READ_ADDRESS(req, args));
	return 0;
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
	count_ended(slot, READ_FIELD(req, out.h.error), HAS_FLAG(req, FR_INTERRUPTED, 5), now);
	if (traces)
		trace_ended(place, slot, req, now);
	leave_call(slot, req, now);
	slot->request = 0;
	return 0;
}

#endif
