/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `fusescope trace` is told of a call that is put together from its requests, when one joins
 * it. The file of one that goes through the page cache is the one that the sender's system call
 * names.
 */
#ifndef FUSESCOPE_TRACE_JOINED_BPF_H
#define FUSESCOPE_TRACE_JOINED_BPF_H

#include "bpf/call/grouped/call_slots.bpf.h"
#include "bpf/call/grouped/caller_syscall.bpf.h"
#include "bpf/count/trace_request.bpf.h"

static __always_inline bool is_file_of_node(struct file *file, __u64 connection, __u64 node)
{
	struct fuse_file *fuse = AS_STRUCT(fuse_file, READ_FIELD(file, private_data));

	return READ_ADDRESS(READ_FIELD(fuse, fm), fc) == connection &&
	       READ_FIELD(fuse, nodeid) == node;
}

/* Fills in the name, if EVENT has none yet and the current thread's system call is of that file. */
CHECKED_ONCE int trace_file_of_syscall(struct fusescope_trace_event *event, __u64 connection,
				       __u64 node, __u8 op)
{
	const struct syscall_shape *shape;
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 file;

	if (!event || event->file[0] || event->who.thread != (__u32)bpf_get_current_pid_tgid() ||
	    event->who.syscall < 0)
		return 0;
	shape = shape_of(event->who.syscall, op);
	if (!shape)
		return 0;
	file = file_of_descriptor(task, syscall_argument(current_registers(), shape->file));
	if (file && is_file_of_node(AS_STRUCT(file, file), connection, node))
		note_file(event, file);
	return 0;
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

/* A data request is about to be sent, and its call, if any, is known. */
static __always_inline void trace_joined(const struct fusescope_inflight *slot,
					 struct fuse_req *req, __u64 connection)
{
	struct fusescope_trace_event *event = traced_of(slot);

	if (!event || trace_requests)
		return;
	trace_file_of_syscall(event, connection, READ_FIELD(req, in.h.nodeid), slot->op);
	if (slot->part == FUSESCOPE_PART_OF_CALL)
		trace_call_joined(slot, event);
}

#endif
