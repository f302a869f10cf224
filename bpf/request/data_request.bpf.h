/* SPDX-License-Identifier: GPL-2.0 */
/* What a READ or WRITE carries: read when it is sent. */
#ifndef FUSESCOPE_DATA_REQUEST_BPF_H
#define FUSESCOPE_DATA_REQUEST_BPF_H

#include "bpf/abi/abi.h"
#include "bpf/kernel/kernel_access.bpf.h"

/* include/uapi/linux/fuse.h */
#define FUSE_READ  15
#define FUSE_WRITE 16

static __always_inline bool is_data(__u32 opcode)
{
	return opcode == FUSE_READ || opcode == FUSE_WRITE;
}

static __always_inline __u8 op_of(__u32 opcode)
{
	return opcode == FUSE_READ ? FUSESCOPE_READ : FUSESCOPE_WRITE;
}

/* What one READ or WRITE carries. */
struct data_request {
	__u64 file_handle;
	__u64 node;
	__u64 connection; /* address of the struct fuse_conn */
	__u64 offset;
	__u64 iocb; /* address of the struct kiocb of a direct call, or 0 */
	__u64 io;   /* address of the struct fuse_io_priv of a direct call, or 0 */
	__u32 bytes;
	__u32 pages;
	__u8 op;
	__u8 background; /* queued by fuse_simple_background() */
	__u8 deferred;	 /* not sent by its caller: fuse_request_end() flushed the queue */
};

static __always_inline __u8 mode_of_request(const struct data_request *data)
{
	return data->iocb ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
}

/* READ and WRITE are sent from a struct fuse_io_args: fs/fuse/file.c. */
static __always_inline struct fuse_io_args *io_args_of(struct fuse_args *args)
{
	return ENCLOSING_STRUCT(fuse_io_args, ap, args);
}

static __always_inline struct fuse_io_tail_5_10 *io_tail_of(struct fuse_args *args)
{
	return (struct fuse_io_tail_5_10 *)args;
}

/* The descriptors of a request's pages: a page each in direct I/O. */
static __always_inline __u32 page_slots(struct fuse_args *args)
{
	struct fuse_args_pages___before_folios *before;
	struct fuse_io_args *io_args;

	if (!FUSE_IS_DESCRIBED)
		return BPF_PROBE_READ(io_tail_of(args), num_pages);
	io_args = io_args_of(args);
	if (bpf_core_field_exists(io_args->ap.num_folios))
		return READ_DESCRIBED(io_args, ap.num_folios);
	before = (struct fuse_args_pages___before_folios *)&io_args->ap;
	return READ_DESCRIBED(before, num_pages);
}

/* The address of the struct fuse_io_priv of a direct call; 0 for a request of the page cache. */
static __always_inline __u64 io_of(struct fuse_args *args)
{
	struct fuse_io_args *io_args;

	if (!FUSE_IS_DESCRIBED)
		return (__u64)BPF_PROBE_READ(io_tail_of(args), io);
	io_args = io_args_of(args);
	return READ_DESCRIBED_ADDRESS(io_args, io);
}

static __always_inline struct fuse_read_in *in_argument_of(struct fuse_args *args)
{
	return AS_STRUCT(fuse_read_in, READ_FIELD(args, in_args[0].value));
}

static __always_inline void read_data_request(struct data_request *data, struct fuse_args *args,
					      __u8 op, __u64 connection)
{
	struct fuse_read_in *in = in_argument_of(args);
	__u64 page_size = 1ULL << page_shift;
	__u32 slots = page_slots(args);

	data->op = op;
	data->file_handle = READ_FIELD(in, fh);
	data->node = READ_FIELD(args, nodeid);
	data->connection = connection;
	data->offset = READ_FIELD(in, offset);
	data->bytes = READ_FIELD(in, size);
	data->io = io_of(args);
	data->iocb = data->io ? READ_ADDRESS(AS_STRUCT(fuse_io_priv, data->io), iocb) : 0;
	/*
	 * Page slots: a direct request has one descriptor for each (fuse_get_user_pages(),
	 * fs/fuse/file.c), and none for a kernel buffer. In the page cache a request is one run
	 * of the file, so that its slots are the pages of that run.
	 */
	data->pages = data->io && slots
			      ? slots
			      : ((data->offset & (page_size - 1)) + data->bytes + page_size - 1) >>
					page_shift;
}

#endif
