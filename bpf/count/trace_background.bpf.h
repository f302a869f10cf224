/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose a traced request is. One that is queued in the background may be sent by a thread of the
 * daemon, when an earlier one has ended (flush_bg_queue(), fs/fuse/dev.c): it is noted when it is
 * allocated, where that is hooked. Where nothing tells, nobody is named, rather than the daemon.
 */
#ifndef FUSESCOPE_TRACE_BACKGROUND_BPF_H
#define FUSESCOPE_TRACE_BACKGROUND_BPF_H

#include "bpf/count/trace.bpf.h"

HASH_MAP(traced_backgrounds, 16384,
	 struct fusescope_traced_thread); /* by address of the struct fuse_args */

/* Role "allocated": the current thread makes a request for the background queue. */
static __always_inline void trace_background(__u64 args_address)
{
	struct fusescope_traced_thread who = {};

	if (!traces)
		return;
	note_current_thread(&who);
	bpf_map_update_elem(&traced_backgrounds, &args_address, &who, BPF_ANY);
}

static __always_inline void forget_traced_background(__u64 args_address)
{
	if (traces)
		bpf_map_delete_elem(&traced_backgrounds, &args_address);
}

#ifdef FUSESCOPE_DIRECT_LOADS

/* A word of a name, without what is behind its end: before 6.13 that is not always cleared. */
static __always_inline __u64 until_end(__u64 word)
{
	__u64 ends = (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;

	return ends ? word & (((ends & -ends) >> 7) - 1) : word;
}

static __always_inline void note_thread(struct fusescope_traced_thread *who,
					struct task_struct *task)
{
	__u64 words[2];

	words[0] = until_end(ADDRESS_AT(&task->comm[0]));
	words[1] = words[0] >> 56 ? until_end(ADDRESS_AT(&task->comm[8])) : 0;
	__builtin_memcpy(who->comm, words, sizeof(words));
	who->process = READ_FIELD(task, tgid);
	who->thread = READ_FIELD(task, pid);
}

/* By in.h.pid, which is 0 for writeback and RELEASE, and counts in the mount's pid namespace. */
static __always_inline void note_by_header(struct fusescope_traced_thread *who,
					   struct fuse_req *req, struct fuse_conn *connection)
{
	__u32 requester = READ_FIELD(req, in.h.pid);
	struct task_struct *task;

	if (!requester)
		return;
	if (!is_deferred(req, connection, bpf_get_current_task_btf())) {
		note_current_thread(who);
		return;
	}
	if (pid_namespace_level(connection))
		return;
	who->thread = requester;
	task = bpf_task_from_pid(requester);
	if (!task)
		return;
	note_thread(who, task);
	bpf_task_release(task);
}

#endif

static __always_inline void note_requester(struct fusescope_traced_thread *who,
					   struct fuse_req *req, __u64 connection, bool background)
{
	__u64 args_address = READ_ADDRESS(req, args);
	struct fusescope_traced_thread *noted;

	if (!background) {
		note_current_thread(who);
		return;
	}
	__builtin_memset(who, 0, sizeof(*who));
	who->syscall = FUSESCOPE_SYSCALL_UNKNOWN;
	noted = bpf_map_lookup_elem(&traced_backgrounds, &args_address);
	if (noted) {
		*who = *noted;
		bpf_map_delete_elem(&traced_backgrounds, &args_address);
		return;
	}
#ifdef FUSESCOPE_DIRECT_LOADS
	note_by_header(who, req, AS_STRUCT(fuse_conn, connection));
#endif
}

#endif
