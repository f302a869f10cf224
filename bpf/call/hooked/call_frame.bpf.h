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
#include "bpf/maps.bpf.h"

#define CALL_FRAMES	 4 /* calls nested in one thread */
#define THREADS_IN_CALLS 16384
#define CALLS_SUSPENDED	 4096

struct call_frame {
	__u64 identity;	   /* address of the struct kiocb, or of a splice's pipe */
	__u64 file;	   /* address of the struct file */
	__u64 begin;	   /* file offset */
	__u64 bytes;	   /* asked for */
	__u64 left;	   /* of these, at the latest entry */
	__u64 next_offset; /* behind its latest request */
	__u64 last_args;   /* of the latest request that was queued in the background */
	__u64 entered_ns;
	__u32 device; /* these two: for trace.bpf.h only */
	__u32 pages;
	__u32 segments;
	__u32 requests;
	__u32 mount;
	struct fusescope_latest_request latest;
	struct fusescope_call_kind kind; /* never in pieces: each of them is a call of its own */
	struct fusescope_closed closed;
	__u8 latest_closed; /* cause of the latest request that is in "closed" */
	__u8 may_retry;	    /* io_uring comes again if it does not get all at once */
	__u8 is_piece;	    /* into a pipe, of a size that the kernel chose */
	__u8 padding;
};

struct thread_calls {
	__u32 depth;
	struct call_frame frames[CALL_FRAMES];
};

/* Goes with its thread; takes no search. Linux 5.11. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_calls);
} calls_of_task SEC(".maps") __weak;

/* By pid_tgid, for programs that have no typed pointer to their thread. */
HASH_MAP(calls_of_thread, THREADS_IN_CALLS, struct thread_calls);

/* Calls of io_uring between two tries, by kiocb: the next one can come from another thread. */
HASH_MAP(suspended_calls, CALLS_SUSPENDED, struct call_frame);

static const struct thread_calls no_calls;

/* The calls that the current thread is in; null if it is in none, or if there is no room. */
static __always_inline struct thread_calls *current_calls(void)
{
#ifdef FUSESCOPE_DIRECT_LOADS
	if (!calls_by_thread_id)
		return bpf_task_storage_get(&calls_of_task, bpf_get_current_task_btf(), NULL, 0);
#endif
	__u64 thread = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&calls_of_thread, &thread);
}

static __always_inline struct thread_calls *current_calls_or_new(void)
{
#ifdef FUSESCOPE_DIRECT_LOADS
	if (!calls_by_thread_id)
		return bpf_task_storage_get(&calls_of_task, bpf_get_current_task_btf(), NULL,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);
#endif
	__u64 thread = bpf_get_current_pid_tgid();
	struct thread_calls *calls = bpf_map_lookup_elem(&calls_of_thread, &thread);

	if (calls)
		return calls;
	bpf_map_update_elem(&calls_of_thread, &thread, &no_calls, BPF_NOEXIST);
	return bpf_map_lookup_elem(&calls_of_thread, &thread);
}

/* When the last call is left. Task storage stays for the next one. */
static __always_inline void forget_current_calls(void)
{
#ifdef FUSESCOPE_DIRECT_LOADS
	if (!calls_by_thread_id)
		return;
#endif
	__u64 thread = bpf_get_current_pid_tgid();

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
