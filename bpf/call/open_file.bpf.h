/* SPDX-License-Identifier: GPL-2.0 */
/* An open file of a FUSE mount, and whether a data request is for it. */
#ifndef FUSESCOPE_OPEN_FILE_BPF_H
#define FUSESCOPE_OPEN_FILE_BPF_H

#include "bpf/request/data_request.bpf.h"
#include "bpf/kernel/kernel_access.bpf.h"

#define FMODE_RANDOM	   (1 << 12) /* include/linux/fs.h: posix_fadvise(POSIX_FADV_RANDOM) */
#define RANDOM_CHUNK_BYTES (2 << 20) /* force_page_cache_ra(): never more at once */

/*
 * The bytes that the kernel reads at once into the page cache, for an open file: its readahead
 * window. Of a file that is read at random it is what was asked for, up to what
 * force_page_cache_ra() allows; without readahead it is a page (page_cache_sync_ra(),
 * mm/readahead.c). The state lies in a union, hence the cast.
 */
static __always_inline __u32 readahead_bytes(struct file *file)
{
	struct file_ra_state *state = AS_STRUCT(file_ra_state, &file->f_ra);
	__u32 most = READ_FIELD(state, ra_pages);
	__u32 pages = READ_FIELD(state, size);

	if (!most) {
		pages = 1;
	} else if (READ_FIELD(file, f_mode) & FMODE_RANDOM) {
		pages = READ_FIELD(READ_FIELD(READ_FIELD(READ_FIELD(file, f_inode), i_sb), s_bdi),
				   io_pages);
		if (pages < most)
			pages = most;
		if (pages > RANDOM_CHUNK_BYTES >> page_shift)
			pages = RANDOM_CHUNK_BYTES >> page_shift;
	}
	return pages << page_shift;
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
