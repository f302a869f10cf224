/* SPDX-License-Identifier: GPL-2.0 */
/* What an I/O call asked for: filled in by caller_*.bpf.h. */
#ifndef FUSESCOPE_CALL_ARGS_BPF_H
#define FUSESCOPE_CALL_ARGS_BPF_H

#include "bpf/request/data_request.bpf.h"

#define BYTES_UNKNOWN (~0ULL)

/* What the call behind a request asked for. */
struct call_args {
	__u64 bytes; /* BYTES_UNKNOWN if it cannot be seen */
	__u64 begin; /* file offset */
	__u64 signature;
	__u64 key;
	__u64 task_ios;
	__u32 segments;
	__u32 readahead_bytes;
	__u8 is_call;
	__u8 ends_with_task_io;
	__u8 in_pieces; /* a copy by the kernel, through a pipe */
};

/* A data request that belongs to a call, and all that decides its place there. */
struct grouped_request {
	struct data_request data;
	struct call_args call_args;
	__u64 now;
	__u32 mount;
	__u32 tid;
};

static __always_inline __u64 task_ios(struct task_struct *task)
{
	return READ_FIELD(task, ioac.syscr) + READ_FIELD(task, ioac.syscw);
}

static __always_inline __u64 mix(__u64 signature, __u64 value)
{
	return (signature ^ value) * HASH_FACTOR;
}

#endif
