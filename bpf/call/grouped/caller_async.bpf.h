/* SPDX-License-Identifier: GPL-2.0 */
/* Calls of io_submit() and io_uring: found through the kernel's own records of them. */
#ifndef FUSESCOPE_CALLER_ASYNC_BPF_H
#define FUSESCOPE_CALLER_ASYNC_BPF_H

#include "bpf/call/grouped/call_args.bpf.h"
#include "bpf/call/grouped/file_behind.bpf.h"
#include "bpf/kernel/syscall.bpf.h"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16) /* include/uapi/linux/io_uring.h, since 6.6 */
#endif

static __always_inline bool is_vectored_iocb(const struct iocb *user)
{
	return user->aio_lio_opcode == IOCB_CMD_PREADV || user->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

/* What a user's struct iocb asks for. */
static __always_inline void read_iocb_args(struct call_args *call_args, const struct iocb *user)
{
	call_args->begin = user->aio_offset;
	call_args->segments = 1;
	call_args->bytes = user->aio_nbytes;
	if (is_vectored_iocb(user)) {
		call_args->segments = user->aio_nbytes;
		call_args->bytes = iovec_bytes(user->aio_buf, user->aio_nbytes);
	}
}

/* An iocb of io_submit(): its kernel side remembers where the user's struct iocb lies. */
static __always_inline void read_aio_args(struct call_args *call_args, struct kiocb *iocb,
					  const struct data_request *data)
{
	struct aio_kiocb *request = ENCLOSING_STRUCT(aio_kiocb, rw, iocb);
	struct iocb user;

	if (data->deferred || read_user(&user, sizeof(user), READ_ADDRESS(request, ki_res.obj)))
		return;
	if ((__u64)user.aio_offset != call_args->begin)
		return; /* some other asynchronous caller during io_submit() */
	read_iocb_args(call_args, &user);
}

static __always_inline bool is_vectored(__u8 opcode)
{
	return opcode == IORING_OP_READV || opcode == IORING_OP_WRITEV;
}

/* Whether a request of io_uring reads or writes, as OP does. */
static __always_inline bool is_of_op(__u8 opcode, __u8 op)
{
	switch (opcode) {
	case IORING_OP_READV:
	case IORING_OP_READ_FIXED:
	case IORING_OP_READ:
		return op == FUSESCOPE_READ;
	case IORING_OP_WRITEV:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_WRITE:
		return op == FUSESCOPE_WRITE;
	}
	return false;
}

/* A direct request of io_uring is one try: what fuse_direct_io() was given. */
static __always_inline void read_io_uring_direct_args(struct call_args *call_args,
						      struct io_kiocb *request)
{
	struct io_async_rw *saved = AS_STRUCT(io_async_rw, READ_FIELD(request, async_data));
	struct io_rw *rw = AS_STRUCT(io_rw, request);
	__u64 left = READ_FIELD(saved, iter_state.count);

	if (left == 0 || left > MAX_RW_COUNT_64K)
		return;
	call_args->begin = READ_FIELD(rw, kiocb.ki_pos);
	call_args->bytes = left;
	if (is_vectored(READ_FIELD(request, opcode)))
		call_args->segments = READ_FIELD(rw, len);
}

/*
 * What a buffered request of io_uring asks for: io_read() (io_uring/rw.c) saves what is left at
 * each try. MOVES: its ki_pos moves on with each page that was got (filemap_read(), mm/filemap.c).
 * In a write (fuse_perform_write(), fs/fuse/file.c), and through overlayfs
 * (backing_file_read_iter(), fs/backing-file.c), it does so when the try is over.
 */
static __always_inline void read_io_uring_buffered_args(struct call_args *call_args,
							struct io_kiocb *request, bool moves)
{
	struct io_async_rw *saved = AS_STRUCT(io_async_rw, READ_FIELD(request, async_data));
	struct io_rw *rw = AS_STRUCT(io_rw, request);
	__u64 left = READ_FIELD(saved, iter_state.count);
	__u64 done = READ_FIELD(saved, bytes_done);
	__u64 got = moves ? done + left - READ_FIELD(saved, iter.count) : done;

	call_args->bytes = BYTES_UNKNOWN;
	if (left == 0 || done + left > MAX_RW_COUNT_64K)
		return;
	call_args->begin = READ_FIELD(rw, kiocb.ki_pos) - got;
	call_args->bytes = done + left;
	if (is_vectored(READ_FIELD(request, opcode)))
		call_args->segments = READ_FIELD(rw, len);
}

/*
 * A buffered request of io_uring is tried by the submitting task and then by a worker, so that
 * neither tells its call from others: its place in its file does.
 */
static __always_inline void set_io_uring_key(struct call_args *call_args,
					     const struct data_request *data)
{
	call_args->is_call = true;
	call_args->signature = mix(mix(data->connection, data->node), data->file_handle);
	call_args->signature = mix(mix(call_args->signature, call_args->begin), call_args->bytes);
	call_args->key = call_args->signature;
}

/* A buffered request that an io_uring worker sends: the worker knows its present work. */
static __always_inline void read_io_uring_worker_args(struct call_args *call_args,
						      struct task_struct *task,
						      const struct data_request *data)
{
	struct io_worker *worker = AS_STRUCT(io_worker, READ_FIELD(task, worker_private));
	__u64 work = READ_ADDRESS(worker, cur_work);
	struct io_kiocb *request;
	__u64 opened, file;

	if (!work)
		return;
	request = ENCLOSING_STRUCT(io_kiocb, work, work);
	opened = READ_ADDRESS(request, file);
	file = file_behind(opened, data);
	if (!file || !is_of_op(READ_FIELD(request, opcode), data->op))
		return;
	read_io_uring_buffered_args(call_args, request,
				    file == opened && data->op == FUSESCOPE_READ);
	call_args->readahead_bytes = readahead_bytes(AS_STRUCT(file, file));
	set_io_uring_key(call_args, data);
}

/* What is read of a struct io_uring_sqe: include/uapi/linux/io_uring.h */
struct submission {
	__u8 opcode;
	__u8 flags;
	__s32 fd;
	__u64 offset;
	__u64 address;
	__u32 length;
};

/* The submission entry that io_uring_enter() is working on (io_get_sqe(), io_uring/io_uring.c). */
static __always_inline void read_submission(struct submission *entry, struct io_ring_ctx *ring)
{
	__u32 flags = READ_FIELD(ring, flags);
	__u32 index = (READ_FIELD(ring, cached_sq_head) - 1) & (READ_FIELD(ring, sq_entries) - 1);
	__u64 place, words;

	if (!(flags & IORING_SETUP_NO_SQARRAY))
		index = ADDRESS_AT(READ_ADDRESS(ring, sq_array) + index * sizeof(__u32));
	if (flags & IORING_SETUP_SQE128)
		index <<= 1;
	place = READ_ADDRESS(ring, sq_sqes) + index * sizeof(struct io_uring_sqe);
	words = ADDRESS_AT(place);
	entry->opcode = words;
	entry->flags = words >> 8;
	entry->fd = words >> 32;
	entry->offset = ADDRESS_AT(place + offsetof(struct io_uring_sqe, off));
	entry->address = ADDRESS_AT(place + offsetof(struct io_uring_sqe, addr));
	entry->length = ADDRESS_AT(place + offsetof(struct io_uring_sqe, len));
}

/* A buffered request that io_uring_enter() sends at the first try. */
static __always_inline void read_io_uring_enter_args(struct call_args *call_args,
						     struct task_struct *task, struct pt_regs *regs,
						     const struct data_request *data)
{
	struct submission entry;
	__u64 file;

	if (READ_FIELD(regs, r10) & IORING_ENTER_REGISTERED_RING)
		return;
	file = file_of_descriptor(task, READ_FIELD(regs, di));
	if (!file)
		return;
	read_submission(&entry,
			AS_STRUCT(io_ring_ctx, READ_FIELD(AS_STRUCT(file, file), private_data)));
	if (!is_of_op(entry.opcode, data->op))
		return;
	if (!(entry.flags & IOSQE_FIXED_FILE)) {
		file = file_behind(file_of_descriptor(task, entry.fd), data);
		if (!file)
			return;
		call_args->readahead_bytes = readahead_bytes(AS_STRUCT(file, file));
	}
	call_args->begin = entry.offset;
	call_args->bytes = entry.length;
	if (is_vectored(entry.opcode)) {
		call_args->segments = entry.length;
		call_args->bytes = iovec_bytes(entry.address, entry.length);
	}
	set_io_uring_key(call_args, data);
}

#define LISTED_IOCBS 32 /* of one io_submit() that are looked at for a buffered request */

/* The user address of the iocb, among those at LIST, that covers a range of its file; or 0. */
CHECKED_ONCE __u64 find_listed_iocb(__u64 list, __u64 count, __u64 begin, __u64 end)
{
	struct iocb
		user; /* its first field also holds its address: the stack is nearly full here */
	__u32 i;

	for (i = 0; i < LISTED_IOCBS && i < count; i++) {
		__u64 bytes;

		if (read_user(&user.aio_data, sizeof(user.aio_data), list + i * 8) ||
		    read_user(&user, sizeof(user), user.aio_data))
			return 0;
		bytes = is_vectored_iocb(&user) ? iovec_bytes(user.aio_buf, user.aio_nbytes)
						: user.aio_nbytes;
		if (end > (__u64)user.aio_offset && begin < user.aio_offset + bytes)
			return read_user(&user.aio_data, sizeof(user.aio_data), list + i * 8)
				       ? 0
				       : user.aio_data;
	}
	return 0;
}

/* A buffered request that io_submit() sends: nothing leads to its iocb but the place in the file.
 */
static __always_inline void read_io_submit_args(struct call_args *call_args,
						struct task_struct *task, struct pt_regs *regs,
						const struct data_request *data)
{
	__u64 address = find_listed_iocb(READ_FIELD(regs, dx), READ_FIELD(regs, si), data->offset,
					 data->offset + data->bytes);
	struct iocb user;
	__u64 file;

	if (!address || read_user(&user, sizeof(user), address))
		return;
	file = file_behind(file_of_descriptor(task, user.aio_fildes), data);
	if (!file)
		return;
	call_args->is_call = true;
	call_args->readahead_bytes = readahead_bytes(AS_STRUCT(file, file));
	read_iocb_args(call_args, &user);
	call_args->signature = mix(address, call_args->begin);
}

#endif
