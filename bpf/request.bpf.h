/* SPDX-License-Identifier: GPL-2.0 */
/* Life of a request: sent, ended. Every hook mode calls into these bodies. */
#ifndef FUSESCOPE_REQUEST_BPF_H
#define FUSESCOPE_REQUEST_BPF_H

#include "inflight.bpf.h"
#include "placement.bpf.h"

/* include/uapi/linux/fuse.h */
#define FUSE_INIT	 26
#define OUT_HEADER_BYTES 16

/* Whether the task that sends a request is not the one that made it. */
static __always_inline bool is_deferred(struct fuse_req *req, struct fuse_conn *connection,
					struct task_struct *current_task)
{
	__u32 level = READ_FIELD(READ_FIELD(connection, pid_ns), level);
	__u32 requester = READ_FIELD(req, in.h.pid);
	__u32 current_pid = READ_FIELD(current_task, pid);

	if (level) {
		struct upid *numbers = READ_FIELD(current_task, thread_pid)->numbers;

		bpf_probe_read_kernel(&current_pid, sizeof(current_pid),
				      (void *)numbers + level * bpf_core_type_size(struct upid) +
					      bpf_core_field_offset(struct upid, nr));
	}
	return requester != current_pid;
}

static __always_inline __u32 origin_without_call(const struct data_request *data, long number)
{
	if (data->op == FUSESCOPE_WRITE)
		return data->background ? FUSESCOPE_ORIGIN_WRITEBACK : FUSESCOPE_ORIGIN_OTHER;
	/* A page that a write fills only in part is read first, by that write. */
	if (!data->background && (__u64)number < SYSCALL_SLOTS &&
	    syscall_shapes[FUSESCOPE_WRITE][number & (SYSCALL_SLOTS - 1)].file)
		return FUSESCOPE_ORIGIN_OTHER;
	return FUSESCOPE_ORIGIN_READAHEAD;
}

/* Finds the call behind a data request. Returns the number of the system call that it was sent
 * from, or -1 where that is of no interest. */
static __always_inline long find_caller(struct asked *asked, struct data_request *data,
					struct fuse_req *req, struct fuse_conn *connection)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *found = NULL;
	long number = -1;

	if (data->background && !data->io && data->op == FUSESCOPE_WRITE)
		return number; /* writeback: no call, whoever sends it */
	if (data->iocb) {
		ask_request(asked, data);
		if (data->offset != asked->begin && is_known_call(asked->key))
			return number; /* a further request of a call that is known already */
	}
	data->deferred = data->background && is_deferred(req, connection, task);
	if (data->deferred) {
		/* in.h.pid counts in the mount's pid namespace; tasks are found in the host's. */
		if (!READ_FIELD(READ_FIELD(connection, pid_ns), level))
			found = bpf_task_from_pid(READ_FIELD(req, in.h.pid));
		if (!found)
			return number;
		task = found;
	}
	if (data->iocb)
		ask_direct(asked, task, data);
	else
		ask_buffered(asked, task, data);
	number = syscall_number(task, AS_STRUCT(pt_regs, bpf_task_pt_regs(task)));
	if (found)
		bpf_task_release(found);
	return number;
}

/* A READ or WRITE: whose it is, and what it carries. */
static __always_inline void on_data_request(struct fusescope_inflight *slot, struct fuse_req *req,
					    struct fuse_args *args, __u32 mount, __u8 op, __u64 now)
{
	struct fuse_conn *connection = READ_FIELD(READ_FIELD(req, fm), fc);
	struct fusescope_mount_stats *stats = stats_of_mount(mount);
	struct placement placement = {.now = now, .mount = mount};
	struct data_request *data = &placement.data;
	struct asked *asked = &placement.asked;
	__u32 origin = FUSESCOPE_ORIGIN_CALL;
	struct fusescope_call *split;
	long number;

	read_data_request(data, req, args, op);
	number = find_caller(asked, data, req, connection);
	if (!asked->is_call || !serves_call(data, asked)) {
		asked->is_call = false;
		origin = origin_without_call(data, number);
	}
	if (stats)
		count_data_request(&stats->ops[op & 1].data, data, origin);
	if (!slot || !asked->is_call)
		return;
	placement.tid =
		data->deferred ? READ_FIELD(req, in.h.pid) : (__u32)bpf_get_current_pid_tgid();
	slot->bytes = data->bytes;
	slot->op = op;
	slot->mode = data->iocb ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
	split = call_at(place_in_call(slot, &placement));
	if (split)
		decide_cause(split, connection);
}

/* Role "sent": the request, at ADDRESS, is about to be queued for the daemon. */
static __always_inline int on_request_sent(struct fuse_req *req, __u64 address)
{
	struct fuse_args *args = READ_FIELD(req, args);
	__u32 opcode = READ_FIELD(args, opcode);
	__u64 now = bpf_ktime_get_ns();
	struct fusescope_inflight *slot;
	__u32 index;

	if (opcode == FUSE_INIT)
		retire_connection(READ_ADDRESS(READ_FIELD(req, fm), fc));
	index = mount_index(READ_FIELD(req, fm), now);
	slot = inflight_at(claim_inflight(address));
	if (slot) {
		slot->sent_ns = now;
		slot->mount = index;
		slot->opcode = opcode;
		slot->part = FUSESCOPE_PART_NONE;
	}
	if (is_data(opcode))
		on_data_request(slot, req, args, index, op_of(opcode), now);
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
		__u64 fresh = stats ? __sync_fetch_and_add(&stats->duration_rows_used, 1) + 1
				    : FUSESCOPE_DURATION_ROWS;

		if (fresh >= FUSESCOPE_DURATION_ROWS) {
			count_lost(FUSESCOPE_LOST_DURATION_ROWS);
			return NULL;
		}
		__sync_val_compare_and_swap(row, 0, fresh);
	}
	index = *row;
	return bpf_map_lookup_elem(&durations, &index);
}

static __always_inline void count_duration(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_duration_stats *duration = NULL;
	__u64 elapsed = now - slot->sent_ns;
	__u32 bucket = duration_slot(elapsed);

	if (is_data(slot->opcode)) {
		struct fusescope_mount_stats *stats = stats_of_mount(slot->mount);

		if (stats)
			duration = &stats->ops[op_of(slot->opcode) & 1].duration;
	} else {
		duration = duration_row(slot->mount, slot->opcode);
	}
	if (!duration)
		return;
	if (bucket < FUSESCOPE_DURATION_SLOTS)
		add(&duration->slots[bucket], 1);
	add(&duration->sum_ns, elapsed);
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

/* Role "ended": the reply is in, or the connection was aborted. */
static __always_inline int on_request_ended(struct fuse_req *req, __u64 address)
{
	struct fusescope_inflight *slot = inflight_at(find_inflight(address));
	__u64 now = bpf_ktime_get_ns();

	if (!slot) {
		/* Refused after a disconnect: such a request ends without ever being sent. */
		if (READ_FIELD(req, in.h.unique))
			count_lost(FUSESCOPE_LOST_UNMATCHED_END);
		return 0;
	}
	count_duration(slot, now);
	if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct fusescope_io_stats *io = io_stats(slot->mount, slot->op, slot->mode);

		if (io)
			count_call(io, 1, slot->segments, slot->asked_bytes);
	} else if (slot->part == FUSESCOPE_PART_OF_CALL) {
		end_part(slot, reply_stops_call(req, slot), now);
	}
	slot->request = 0;
	return 0;
}

#endif
