/* SPDX-License-Identifier: GPL-2.0 */
/* Which process a request is of: not always the one that is running when it is sent. */
#ifndef FUSESCOPE_REQUESTER_BPF_H
#define FUSESCOPE_REQUESTER_BPF_H

#include "bpf/kernel/current.bpf.h"
#include "bpf/request/background.bpf.h"

static __always_inline __u32 pid_namespace_level(struct fuse_conn *connection)
{
	return READ_FIELD(READ_FIELD(connection, pid_ns), level);
}

/* Whether the task that sends a request is not the one that made it. */
static __always_inline bool is_deferred(struct fuse_req *req, struct fuse_conn *connection,
					struct task_struct *current_task)
{
	__u32 level = pid_namespace_level(connection);
	__u32 requester = READ_FIELD(req, in.h.pid);
	__u32 current_pid = READ_FIELD(current_task, pid);

	if (level) {
		__u64 numbers = (__u64)bpf_core_field_offset(struct pid, numbers) +
				READ_ADDRESS(current_task, thread_pid);
		__u64 own = numbers + level * bpf_core_type_size(struct upid);

		current_pid = READ_FIELD(AS_STRUCT(upid, own), nr);
	}
	return requester != current_pid;
}

/*
 * The process of a request from the background of which nothing was noted. A thread of the daemon
 * may send it: found only where loads are typed. 0: not known. A request that names no thread
 * (writeback, RELEASE: fuse_simple_background() with args->nocreds, fs/fuse/dev.c) is its sender's.
 */
static __always_inline __u32 process_of_background(struct fuse_req *req,
						   struct fuse_conn *connection)
{
	__u32 requester = READ_FIELD(req, in.h.pid);
	struct task_struct *task;
	__u32 process;

	if (!LOADS_ARE_TYPED || !requester ||
	    !is_deferred(req, connection, bpf_get_current_task_btf()))
		return process_of_current();
	/* in.h.pid counts in the mount's pid namespace; tasks are found in the host's. */
	if (pid_namespace_level(connection))
		return 0;
	task = bpf_task_from_pid(requester);
	if (!task)
		return requester; /* gone already: right for a process of one thread */
	process = READ_FIELD(task, tgid);
	bpf_task_release(task);
	return process;
}

/*
 * The process that a request which is sent now is of; NOTED: what is known of it from the
 * background, or null. 0: the kernel's own, or not known.
 */
static __always_inline __u32 process_of_request(struct fuse_req *req, __u64 connection,
						bool background,
						const struct background_note *noted)
{
	if (noted)
		return noted->process;
	if (!background || calls_are_hooked)
		return process_of_current();
	return process_of_background(req, AS_STRUCT(fuse_conn, connection));
}

#endif
