/* SPDX-License-Identifier: GPL-2.0 */
/* The values of the maps that only the kernel side knows; the others are in abi/. */
#ifndef FUSESCOPE_VALUES_BPF_H
#define FUSESCOPE_VALUES_BPF_H

#include "bpf/abi/abi.h"
#include "bpf/abi/trace_abi.h"

/* A part of the caller's iovec array: small enough to stay in the cache from use to use. */
#define IOVEC_PART 64

struct iovec_part {
	struct {
		__u64 base;
		__u64 length;
	} segments[IOVEC_PART];
};

/* A thread that waits before it may allocate a request of the background. */
struct blocked_thread {
	__u64 since_ns;
	__u64 mount;
};

/* Of a request in the background queue, which a thread of the daemon may send. */
struct background_note {
	struct fusescope_traced_thread who; /* whose it is, while traced */
	__u32 process;			    /* the same, while processes are told apart */
	__u32 is_of_call;		    /* a buffered call waits for it */
};

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

#endif
