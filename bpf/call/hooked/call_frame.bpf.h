/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An I/O call that its thread is in, where the functions of a FUSE file's read and write are
 * hooked: entered, joined by each request that it allocates, and counted when it is left. All of
 * that happens in one thread, in order, so that nothing here needs an atomic operation.
 *
 * Calls nest: a backing file can lie on another FUSE mount (fs/fuse/passthrough.c). Hence a stack.
 */
#ifndef FUSESCOPE_CALL_FRAME_BPF_H
#define FUSESCOPE_CALL_FRAME_BPF_H

#include "bpf/kernel/kernel_access.bpf.h"
#include "bpf/count/counters.bpf.h"

/* Task storage takes a typed pointer to the thread. */
#define IN_TASK_STORAGE (LOADS_ARE_TYPED && !calls_by_thread_id)

static const struct thread_calls no_calls;

static __always_inline struct thread_calls *calls_by_id(__u64 thread)
{
	return bpf_map_lookup_elem(&calls_of_thread, &thread);
}

/* The calls that the current thread is in; null if it is in none, or if there is no room. */
static __always_inline struct thread_calls *current_calls(void)
{
	if (IN_TASK_STORAGE)
		return bpf_task_storage_get(&calls_of_task, bpf_get_current_task_btf(), NULL, 0);
	return calls_by_id(bpf_get_current_pid_tgid());
}

static __always_inline struct thread_calls *current_calls_or_new(void)
{
	struct thread_calls *calls;
	__u64 thread;

	if (IN_TASK_STORAGE)
		return bpf_task_storage_get(&calls_of_task, bpf_get_current_task_btf(), NULL,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);
	thread = bpf_get_current_pid_tgid();
	calls = calls_by_id(thread);
	if (calls)
		return calls;
	bpf_map_update_elem(&calls_of_thread, &thread, &no_calls, BPF_NOEXIST);
	return calls_by_id(thread);
}

/* When the last call is left. Task storage stays for the next one. */
static __always_inline void forget_current_calls(void)
{
	__u64 thread;

	if (IN_TASK_STORAGE)
		return;
	thread = bpf_get_current_pid_tgid();
	bpf_map_delete_elem(&calls_of_thread, &thread);
}

/* The innermost call of a thread, or null. */
static __always_inline struct call_frame *top_frame(struct thread_calls *calls)
{
	__u32 depth = calls ? calls->depth : 0;

	return depth && depth <= CALL_FRAMES ? &calls->frames[depth - 1] : NULL;
}

/* A frame for a call that the current thread begins; null if there is no room. */
static __always_inline struct call_frame *push_frame(void)
{
	struct thread_calls *calls = current_calls_or_new();
	__u32 depth;

	if (!calls) {
		count_lost(FUSESCOPE_LOST_CALLS_FULL);
		return NULL;
	}
	depth = calls->depth;
	if (depth >= CALL_FRAMES) {
		/* So deep only because calls were left unseen: none of them is there any more. */
		count_lost(FUSESCOPE_LOST_CALL_END);
		depth = 0;
	}
	calls->depth = depth + 1;
	return &calls->frames[depth];
}

/*
 * Takes the frame of a call that is left off the stack, and those above it, whose leaving was not
 * seen. IDENTITY 0: the innermost of this operation. Null if there is none.
 */
static __always_inline struct call_frame *pop_frame(struct thread_calls *calls, __u64 identity,
						    __u8 op)
{
	struct call_frame *frame;
	__u32 i;

	for (i = 0; i < CALL_FRAMES; i++) {
		frame = top_frame(calls);
		if (!frame)
			break;
		calls->depth--;
		if (frame->kind.op == op && (!identity || frame->identity == identity))
			return frame;
		count_lost(FUSESCOPE_LOST_CALL_END);
	}
	return NULL;
}

#endif
