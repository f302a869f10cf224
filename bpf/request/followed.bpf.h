/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes whose requests are counted, where not those of the whole host are: user space names
 * the first, and their children follow.
 */
#ifndef FUSESCOPE_FOLLOWED_BPF_H
#define FUSESCOPE_FOLLOWED_BPF_H

#include "bpf/count/counters.bpf.h"
#include "bpf/request/requester.bpf.h"

static __always_inline bool is_followed(__u32 process)
{
	__u64 key = process;

	return bpf_map_lookup_elem(&followed_processes, &key) != NULL;
}

/* Whether what the current thread does is to be counted. */
static __always_inline bool counts_current(void)
{
	return !follows_processes || is_followed(process_of_current());
}

/*
 * Whether a request that is sent now is to be counted. NOTED: what is known of it from the
 * background, where only what is followed is noted; or null.
 */
static __always_inline bool counts_request(struct fuse_req *req, __u64 connection, bool background,
					   const struct background_note *noted)
{
	if (background && calls_are_hooked)
		return noted != NULL;
	return is_followed(process_of_request(req, connection, background, NULL));
}

/* A process, or a thread of one, was made. It does not run yet: kernel_clone(), kernel/fork.c. */
static __always_inline int on_process_forked(struct task_struct *parent, struct task_struct *child)
{
	__u64 process = READ_FIELD(child, tgid);
	__u32 one = 1;

	if (process == (__u64)READ_FIELD(parent, tgid) || !is_followed(READ_FIELD(parent, tgid)))
		return 0;
	if (bpf_map_update_elem(&followed_processes, &process, &one, BPF_ANY))
		count_lost(FUSESCOPE_LOST_PROCESS);
	return 0;
}

/* A thread is gone for good. Its leader is the last of a process, and has closed the files. */
static __always_inline int on_thread_freed(struct task_struct *task)
{
	__u64 process = READ_FIELD(task, tgid);

	if (READ_FIELD(task, pid) == READ_FIELD(task, tgid))
		bpf_map_delete_elem(&followed_processes, &process);
	return 0;
}

#endif
