/* SPDX-License-Identifier: GPL-2.0 */
/* Whose a traced request is. Where nothing tells, nobody is named, rather than the daemon. */
#ifndef FUSESCOPE_TRACE_WHO_BPF_H
#define FUSESCOPE_TRACE_WHO_BPF_H

#include "bpf/count/trace.bpf.h"
#include "bpf/request/requester.bpf.h"

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
		note_current_thread(who, process_of_current());
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

/* NOTED: what is known of it from the background, or null. */
static __always_inline void note_requester(struct fusescope_traced_thread *who,
					   struct fuse_req *req, __u64 connection, bool background,
					   const struct background_note *noted)
{
	if (!background) {
		note_current_thread(who, process_of_current());
		return;
	}
	__builtin_memset(who, 0, sizeof(*who));
	who->syscall = FUSESCOPE_SYSCALL_UNKNOWN;
	if (noted)
		*who = noted->who;
	else if (LOADS_ARE_TYPED)
		note_by_header(who, req, AS_STRUCT(fuse_conn, connection));
}

#endif
