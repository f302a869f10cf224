/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of a call that goes through the page cache, where the functions of calls are not hooked:
 * the one that the sender's system call names.
 */
#ifndef FUSESCOPE_TRACE_FILE_BPF_H
#define FUSESCOPE_TRACE_FILE_BPF_H

#ifdef FUSESCOPE_DIRECT_LOADS

#include "bpf/call/grouped/caller_syscall.bpf.h"
#include "bpf/count/trace.bpf.h"

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

#endif

#endif
