/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts the calls that have ended without a request to show it, where their functions are not
 * hooked. Run by user space, not by a hook.
 */
#ifndef FUSESCOPE_ENDED_CALLS_BPF_H
#define FUSESCOPE_ENDED_CALLS_BPF_H

#include "bpf/call/grouped/call_args.bpf.h"
#include "bpf/call/grouped/call_slots.bpf.h"

#define IDLE_AFTER_NS 100000000ULL

/* The task has left the system call of this call, or is gone. */
static __always_inline bool task_moved_on(const struct fusescope_call *call)
{
	struct task_struct *task = bpf_task_from_pid(call->tid);
	__u64 ios;

	if (!task)
		return true;
	ios = task_ios(task);
	bpf_task_release(task);
	return ios != call->task_ios;
}

static __always_inline bool is_over(const struct fusescope_call *call, __u64 now)
{
	if (call->ends_with_task_io)
		return task_moved_on(call);
	return call->pending == 0 && now > call->last_ns + IDLE_AFTER_NS;
}

struct bpf_map;

static long count_if_ended(struct bpf_map *map, const __u32 *index, struct fusescope_call *call,
			   void *context)
{
	__u64 key = call->key;

	if (key && !call->closing && is_over(call, bpf_ktime_get_ns()))
		close_call(call, *index, key);
	return 0;
}

SEC("syscall")
int settle_calls(void *context)
{
	bpf_for_each_map_elem(&calls, count_if_ended, NULL, 0);
	return 0;
}

#endif
