/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The processes whose requests are counted, where not those of the whole host are: user space names
 * the first, and their children follow.
 */
#ifndef FUSESCOPE_FOLLOWED_BPF_H
#define FUSESCOPE_FOLLOWED_BPF_H

#include "bpf/maps.bpf.h"
#include "bpf/request/requester.bpf.h"

/* By process id of the host (tgid). */
HASH_MAP(followed_processes, FUSESCOPE_MAX_FOLLOWED, __u32);

/*
 * Requests in the background queue, by address of the struct fuse_args, and the processes they are
 * of: those that are followed, or all where it is counted by process.
 */
HASH_MAP(followed_backgrounds, 16384, __u32);

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
 * Role "allocated": notes whose a request in the background is. Whether it is to be counted. A
 * request that was refused, which a kprobe does not see, leaves its note behind: the next one at
 * that address sets it right.
 */
static __always_inline bool counts_background(__u64 args_address)
{
	__u32 process;

	if (!follows_processes && !counts_processes)
		return true;
	process = process_of_current();
	if (follows_processes && !is_followed(process)) {
		bpf_map_delete_elem(&followed_backgrounds, &args_address);
		return false;
	}
	if (bpf_map_update_elem(&followed_backgrounds, &args_address, &process, BPF_ANY))
		count_lost(FUSESCOPE_LOST_INFLIGHT_FULL);
	return true;
}

static __always_inline void forget_background(__u64 args_address)
{
	if (follows_processes || counts_processes)
		bpf_map_delete_elem(&followed_backgrounds, &args_address);
}

/* Whether a request that is sent now is to be counted. */
static __always_inline bool counts_request(struct fuse_req *req, __u64 connection, bool background)
{
	__u64 args_address = READ_ADDRESS(req, args);

	if (!background)
		return is_followed(process_of_current());
	if (calls_are_hooked)
		return bpf_map_delete_elem(&followed_backgrounds, &args_address) == 0;
#ifdef FUSESCOPE_DIRECT_LOADS
	return is_followed(process_of_background(req, AS_STRUCT(fuse_conn, connection)));
#else
	return is_followed(process_of_current());
#endif
}

/* The process that a request which is sent now is of. 0: the kernel's own, or not known. */
static __always_inline __u32 process_of_request(struct fuse_req *req, __u64 connection,
						bool background)
{
	__u64 args_address = READ_ADDRESS(req, args);
	__u32 *noted;
	__u32 process;

	if (!background)
		return process_of_current();
	if (calls_are_hooked) {
		noted = bpf_map_lookup_elem(&followed_backgrounds, &args_address);
		if (!noted)
			return process_of_current();
		process = *noted;
		bpf_map_delete_elem(&followed_backgrounds, &args_address);
		return process;
	}
#ifdef FUSESCOPE_DIRECT_LOADS
	return process_of_background(req, AS_STRUCT(fuse_conn, connection));
#else
	return process_of_current();
#endif
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
