/* SPDX-License-Identifier: GPL-2.0 */
/* The memory that a call reads into, or writes from: include/linux/uio.h. */
#ifndef FUSESCOPE_IOV_ITER_BPF_H
#define FUSESCOPE_IOV_ITER_BPF_H

#include "bpf/kernel/kernel_access.bpf.h"

/* Whether an iov_iter is of one kind: an enum iter_type, or its bit before 5.14. */
static __always_inline bool is_iter_of(struct iov_iter *iter, __u32 type)
{
	struct iov_iter___bits *bits = (struct iov_iter___bits *)iter;

	if (bpf_core_field_exists(bits->type))
		return READ_FIELD(bits, type) & type;
	return READ_FIELD(iter, iter_type) == type;
}

static __always_inline __u32 segments_of(struct iov_iter *iter)
{
	/* One buffer of the user (ITER_UBUF has nr_segs 0), or pages of the kernel: a pipe's. */
	return is_iter_of(iter, bpf_core_enum_value(enum iter_type, ITER_IOVEC))
		       ? READ_FIELD(iter, nr_segs)
		       : 1;
}

/* A read by splice or sendfile, before 6.5: generic_file_splice_read() (fs/splice.c). */
static __always_inline bool is_into_pipe(struct iov_iter *iter)
{
	return bpf_core_enum_value_exists(enum iter_type, ITER_PIPE) &&
	       is_iter_of(iter, bpf_core_enum_value(enum iter_type, ITER_PIPE));
}

#endif
