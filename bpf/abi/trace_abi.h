/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What `fusescope trace` is told of each I/O call, or of each request: one record of a ring. */
#ifndef FUSESCOPE_TRACE_ABI_H
#define FUSESCOPE_TRACE_ABI_H

#include "bpf/abi/abi.h"

#define FUSESCOPE_COMM_BYTES	  16 /* TASK_COMM_LEN, include/linux/sched.h: with a NUL */
#define FUSESCOPE_FILE_BYTES	  64 /* with a NUL: longer names are cut */
#define FUSESCOPE_OFFSET_UNKNOWN  (~0ULL)
#define FUSESCOPE_NO_SYSCALL	  (-1) /* a page fault, a thread of the kernel */
#define FUSESCOPE_SYSCALL_UNKNOWN (-2)

enum fusescope_traced {
	FUSESCOPE_TRACED_CALL,
	FUSESCOPE_TRACED_REQUEST,
};

/* Whose a request or call is. */
struct fusescope_traced_thread {
	__u32 process; /* of the host; 0: not known */
	__u32 thread;  /* 0: not known */
	__s32 syscall; /* that it is in: a number of x86-64, or one of the above */
	__u32 padding;
	char comm[FUSESCOPE_COMM_BYTES]; /* empty: not known */
};

struct fusescope_trace_event {
	__u64 ended_ns; /* CLOCK_MONOTONIC */
	__u64 latency_ns;
	__u64 queued_ns;  /* requests: sent until taken; 0 with is_taken 0 */
	__u64 service_ns; /* requests: taken until ended */
	__u64 unique;	  /* requests */
	__u64 node;	  /* requests */
	__u64 offset;	  /* in the file, or FUSESCOPE_OFFSET_UNKNOWN */
	__u64 bytes;	  /* calls: asked for; requests: carried by a READ or WRITE */
	__u32 device;	  /* st_dev of mountinfo, major << 20 | minor; 0: not known */
	__u32 segments;	  /* calls */
	__u32 requests;	  /* calls */
	__u32 pages;	  /* page slots of a READ or WRITE; calls: of all their requests */
	__u32 error;	  /* requests: errno of the reply, positive */
	__u16 opcode;	  /* calls: FUSE_READ or FUSE_WRITE */
	__u8 mode;	  /* of calls, and of READ and WRITE */
	__u8 cause;	  /* calls of several requests: enum fusescope_cause */
	__u8 kind;	  /* enum fusescope_traced */
	__u8 is_taken;	  /* requests: whether the daemon's taking was seen */
	__u8 padding[6];
	struct fusescope_traced_thread who;
	char file[FUSESCOPE_FILE_BYTES]; /* calls: name without directory; empty: not known */
};

/* A record of a request ends where the name of the file would begin. */
#define FUSESCOPE_TRACED_REQUEST_BYTES __builtin_offsetof(struct fusescope_trace_event, file)

struct fusescope_trace_stats {
	__u64 dropped; /* records that the ring had no room for */
};

FUSESCOPE_ASSERT(sizeof(struct fusescope_trace_event) == 192, "same layout on both sides");

#endif
