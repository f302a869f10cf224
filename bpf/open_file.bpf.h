/* SPDX-License-Identifier: GPL-2.0 */
/* An open file of a FUSE mount, and whether a data request is for it. */
#ifndef FUSESCOPE_OPEN_FILE_BPF_H
#define FUSESCOPE_OPEN_FILE_BPF_H

#include "data_request.bpf.h"
#include "kernel_access.bpf.h"
#include "maps.bpf.h"

/* The readahead window of an open file. It lies in a union, hence the cast. */
static __always_inline __u32 readahead_bytes(struct file *file)
{
	return READ_FIELD(AS_STRUCT(file_ra_state, &file->f_ra), size) << page_shift;
}

/* Whether an open file is the one that a request is for. */
static __always_inline bool is_file_of_request(struct file *file, const struct data_request *data)
{
	struct fuse_file *fuse = AS_STRUCT(fuse_file, READ_FIELD(file, private_data));

	return READ_ADDRESS(READ_FIELD(fuse, fm), fc) == data->connection &&
	       READ_FIELD(fuse, nodeid) == data->node && READ_FIELD(fuse, fh) == data->file_handle;
}

/*
 * Whether a request carries a byte of those asked for: readahead goes on past the end of a
 * buffered read.
 */
static __always_inline bool carries_asked_bytes(const struct data_request *data, __u64 begin,
						__u64 bytes)
{
	__u64 page_size = 1ULL << page_shift;

	if (data->iocb || data->op == FUSESCOPE_WRITE)
		return true;
	return data->offset + data->bytes > (begin & ~(page_size - 1)) &&
	       data->offset < begin + bytes;
}

#endif
