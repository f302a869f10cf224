/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Role "call" where no function of it is hooked: requests are put together into calls when they
 * are sent, by what the caller's registers and the kernel's records say.
 */
#ifndef FUSESCOPE_GROUPED_CALL_BPF_H
#define FUSESCOPE_GROUPED_CALL_BPF_H

#include "bpf/call/grouped/grouped_request.bpf.h"
#include "bpf/call/grouped/trace_joined.bpf.h"
#include "bpf/request/requester.bpf.h"

#define OUT_HEADER_BYTES 16 /* include/uapi/linux/fuse.h */

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
static __always_inline long find_caller(struct call_args *call_args, struct data_request *data,
					struct fuse_req *req, struct fuse_conn *connection)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *found = NULL;
	long number = -1;

	if (data->background && !data->io && data->op == FUSESCOPE_WRITE)
		return number; /* writeback: no call, whoever sends it */
	if (data->iocb) {
		read_kiocb_args(call_args, data);
		if (data->offset != call_args->begin && is_known_call(call_args->key))
			return number; /* a further request of a call that is known already */
	}
	data->deferred = data->background && is_deferred(req, connection, task);
	if (data->deferred) {
		/* in.h.pid counts in the mount's pid namespace; tasks are found in the host's. */
		if (!pid_namespace_level(connection))
			found = bpf_task_from_pid(READ_FIELD(req, in.h.pid));
		if (!found)
			return number;
		task = found;
	}
	if (data->iocb)
		read_direct_args(call_args, task, data);
	else
		read_buffered_args(call_args, task, data);
	number = syscall_number(task, AS_STRUCT(pt_regs, bpf_task_pt_regs(task)));
	if (found)
		bpf_task_release(found);
	return number;
}

/*
 * Puts a data request into its call, and notes in the request's SLOT (null: it has none) which one
 * that is. Who sent it.
 */
static __always_inline __u32 join_grouped_call(struct fusescope_inflight *slot,
					       struct grouped_request *grouped,
					       struct fuse_req *req, struct fuse_conn *connection)
{
	struct data_request *data = &grouped->data;
	struct call_args *call_args = &grouped->call_args;
	__u32 origin = FUSESCOPE_ORIGIN_CALL;
	long number = find_caller(call_args, data, req, connection);

	if (call_args->is_call && serves_call(data, call_args)) {
		grouped->tid = data->deferred ? READ_FIELD(req, in.h.pid)
					      : (__u32)bpf_get_current_pid_tgid();
		group_into_call(slot, grouped);
	} else {
		origin = origin_without_call(data, number);
	}
	trace_joined(slot, req, data->connection);
	return origin;
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

/* A request has ended, and with it its call, or what it was of it. */
static __always_inline void leave_grouped_call(const struct fusescope_inflight *slot,
					       struct fuse_req *req, __u64 now)
{
	if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct ended_call ended = whole_call(slot, now);

		on_call_ended(&ended);
	} else if (slot->part == FUSESCOPE_PART_OF_CALL) {
		end_part(slot, reply_stops_call(req, slot), now);
	}
}

#endif
