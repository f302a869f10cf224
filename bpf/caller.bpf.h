/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which I/O call a data request belongs to, and what that call asked for, seen from inside the
 * sending of the request: no hook on the call itself is needed.
 *
 * A direct request leads to its call through fuse_io_args.io, the kiocb of the call. A buffered
 * one leads to the task that sent it, whose system call is in its saved registers.
 */
#ifndef FUSESCOPE_CALLER_BPF_H
#define FUSESCOPE_CALLER_BPF_H

#include "syscall.bpf.h"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16) /* include/uapi/linux/io_uring.h, since 6.6 */
#endif

#define PF_IO_WORKER	 0x00000010 /* include/linux/sched.h: io_uring's worker and SQPOLL threads */
#define PF_KTHREAD	 0x00200000
#define KEY_OF_THREAD	 (1ULL << 32) /* above any thread id, below any kernel address */
#define BYTES_UNKNOWN	 (~0ULL)
#define SIGNATURE_FACTOR 0x9E3779B97F4A7C15ULL

/* What one READ or WRITE carries. */
struct data_request {
	__u64 file_handle;
	__u64 node;
	__u64 mount; /* address of the struct fuse_mount */
	__u64 offset;
	__u64 iocb; /* address of the struct kiocb of a direct call, or 0 */
	__u64 io;   /* address of the struct fuse_io_priv of a direct call, or 0 */
	__u32 bytes;
	__u32 pages;
	__u8 op;
	__u8 background;
	__u8 deferred; /* not sent by its caller: fuse_request_end() flushed the queue */
};

/* What the call behind a request asked for. */
struct asked {
	__u64 bytes; /* BYTES_UNKNOWN if it cannot be seen */
	__u64 begin; /* file offset */
	__u64 signature;
	__u64 key;
	__u64 task_ios;
	__u32 segments;
	__u32 readahead_bytes;
	__u8 is_call;
	__u8 ends_with_task_io;
};

static __always_inline __u64 task_ios(struct task_struct *task)
{
	return READ_FIELD(task, ioac.syscr) + READ_FIELD(task, ioac.syscw);
}

static __always_inline __u64 mix(__u64 signature, __u64 value)
{
	return (signature ^ value) * SIGNATURE_FACTOR;
}

/* Two calls of a task differ in arguments, file position or the I/O calls that it has finished. */
static __always_inline __u64 syscall_signature(struct pt_regs *regs, __u64 begin, __u64 ios)
{
	__u64 signature = mix(READ_FIELD(regs, orig_ax), READ_FIELD(regs, di));

	signature = mix(signature, READ_FIELD(regs, si));
	signature = mix(signature, READ_FIELD(regs, dx));
	signature = mix(signature, READ_FIELD(regs, r10));
	signature = mix(signature, begin);
	return mix(signature, ios);
}

static __always_inline __u64 syscall_position(const struct syscall_shape *shape,
					      struct pt_regs *regs, struct file *file,
					      bool deferred)
{
	__u64 argument = syscall_argument(regs, shape->position_argument);
	__u64 position = ~0ULL;

	if (shape->position == POSITION_ARGUMENT)
		position = argument;
	else if (shape->position == POSITION_AT_POINTER && argument && !deferred)
		bpf_probe_read_user(&position, sizeof(position), (void *)argument);
	return position == ~0ULL ? (__u64)READ_FIELD(file, f_pos) : position;
}

/* The readahead window of an open file. It lies in a union, hence the cast. */
static __always_inline __u32 readahead_bytes(struct file *file)
{
	return READ_FIELD(AS_STRUCT(file_ra_state, &file->f_ra), size) << page_shift;
}

/* Whether an open file is the one that a request is for. */
static __always_inline bool is_file_of_request(struct file *file, const struct data_request *data)
{
	struct fuse_file *fuse = AS_STRUCT(fuse_file, READ_FIELD(file, private_data));

	return READ_ADDRESS(fuse, fm) == data->mount && READ_FIELD(fuse, nodeid) == data->node &&
	       READ_FIELD(fuse, fh) == data->file_handle;
}

/* What a system call asks for, by its arguments alone. */
static __always_inline void ask_arguments(struct asked *asked, const struct syscall_shape *shape,
					  struct pt_regs *regs, bool deferred)
{
	asked->bytes = syscall_argument(regs, shape->count);
	if (shape->vector) {
		asked->segments = asked->bytes;
		/* The user memory of another task cannot be read. */
		asked->bytes = deferred ? BYTES_UNKNOWN
					: iovec_bytes(syscall_argument(regs, shape->vector),
						      asked->segments);
	}
	if (asked->bytes != BYTES_UNKNOWN && asked->bytes > MAX_RW_COUNT_64K)
		asked->bytes = MAX_RW_COUNT_64K;
	asked->ends_with_task_io = shape->ends_with_task_io;
}

/* The system call of a task, if it is one of the request's operation. */
static __always_inline const struct syscall_shape *shape_of(__u64 number, __u8 op)
{
	const struct syscall_shape *shape;

	if (number >= SYSCALL_SLOTS)
		return NULL;
	shape = &syscall_shapes[op & 1][number];
	return shape->file ? shape : NULL;
}

/* The system call that a task is in, if it is one that reads or writes the file of the request. */
static __always_inline void ask_syscall(struct asked *asked, struct task_struct *task,
					struct pt_regs *regs, __u64 number,
					const struct data_request *data)
{
	const struct syscall_shape *shape = shape_of(number, data->op);
	struct file *file;
	__u64 address;

	if (!shape)
		return;
	address = file_of_descriptor(task, syscall_argument(regs, shape->file));
	file = AS_STRUCT(file, address);
	if (!address || !is_file_of_request(file, data))
		return;
	asked->is_call = true;
	asked->task_ios = task_ios(task);
	asked->readahead_bytes = readahead_bytes(file);
	asked->begin = syscall_position(shape, regs, file, data->deferred);
	asked->signature = syscall_signature(regs, asked->begin, asked->task_ios);
	ask_arguments(asked, shape, regs, data->deferred);
}

static __always_inline bool is_vectored_iocb(const struct iocb *user)
{
	return user->aio_lio_opcode == IOCB_CMD_PREADV || user->aio_lio_opcode == IOCB_CMD_PWRITEV;
}

/* What a user's struct iocb asks for. */
static __always_inline void ask_iocb(struct asked *asked, const struct iocb *user)
{
	asked->begin = user->aio_offset;
	asked->segments = 1;
	asked->bytes = user->aio_nbytes;
	if (is_vectored_iocb(user)) {
		asked->segments = user->aio_nbytes;
		asked->bytes = iovec_bytes(user->aio_buf, user->aio_nbytes);
	}
}

/* An iocb of io_submit(): its kernel side remembers where the user's struct iocb lies. */
static __always_inline void ask_aio(struct asked *asked, struct kiocb *iocb,
				    const struct data_request *data)
{
	struct aio_kiocb *request = ENCLOSING_STRUCT(aio_kiocb, rw, iocb);
	struct iocb user;

	if (data->deferred ||
	    bpf_probe_read_user(&user, sizeof(user), (void *)READ_FIELD(request, ki_res.obj)))
		return;
	if ((__u64)user.aio_offset != asked->begin)
		return; /* some other asynchronous caller during io_submit() */
	ask_iocb(asked, &user);
}

static __always_inline bool is_vectored(__u8 opcode)
{
	return opcode == IORING_OP_READV || opcode == IORING_OP_WRITEV;
}

/*
 * What a request of io_uring asks for: io_read() (io_uring/rw.c) saves what is left at each try.
 * A direct call is one try: what fuse_direct_io() was given.
 */
static __always_inline void ask_io_uring(struct asked *asked, struct io_kiocb *request, bool direct)
{
	struct io_async_rw *saved = AS_STRUCT(io_async_rw, READ_FIELD(request, async_data));
	struct io_rw *rw = AS_STRUCT(io_rw, request);
	__u64 left = READ_FIELD(saved, iter_state.count);
	__u64 done = direct ? 0 : READ_FIELD(saved, bytes_done);
	__u64 got = direct ? 0 : done + left - READ_FIELD(saved, iter.count);

	if (left == 0 || done + left > MAX_RW_COUNT_64K)
		return;
	asked->begin = READ_FIELD(rw, kiocb.ki_pos) - got;
	asked->bytes = done + left;
	if (is_vectored(READ_FIELD(request, opcode)))
		asked->segments = READ_FIELD(rw, len);
}

/* The call behind a direct request, as far as the request alone tells it. */
static __always_inline void ask_request(struct asked *asked, const struct data_request *data)
{
	asked->is_call = true;
	asked->key = data->io;
	asked->begin = READ_FIELD(AS_STRUCT(kiocb, data->iocb), ki_pos);
	asked->segments = 1;
	asked->bytes = BYTES_UNKNOWN;
}

/*
 * A synchronous direct call. Its file is not compared with that of the system call: a filesystem
 * that passes the call on (overlayfs) passes on all of it, and no other kernel code makes a
 * synchronous direct call out of one of these system calls.
 */
static __always_inline void ask_synchronous(struct asked *asked, struct task_struct *task,
					    struct pt_regs *regs, __u64 number,
					    const struct data_request *data)
{
	const struct syscall_shape *shape = shape_of(number, data->op);

	if (!shape || shape->in_pieces)
		return; /* the kiocb is one of several, of sizes that the kernel chose */
	asked->task_ios = task_ios(task);
	ask_arguments(asked, shape, regs, data->deferred);
}

/* The call behind a direct request, as its caller TASK tells it. */
static __always_inline void ask_direct(struct asked *asked, struct task_struct *task,
				       const struct data_request *data)
{
	struct kiocb *iocb = AS_STRUCT(kiocb, data->iocb);
	struct pt_regs *regs = AS_STRUCT(pt_regs, bpf_task_pt_regs(task));
	__u32 flags = READ_FIELD(task, flags);
	__u64 number = syscall_number(task, regs);

	if (flags & PF_KTHREAD)
		return; /* a loop device, an NFS server: no system call asked for it */
	if (!READ_FIELD(iocb, ki_complete))
		ask_synchronous(asked, task, regs, number, data);
	else if (number == SYSCALL_IO_SUBMIT && !(flags & PF_IO_WORKER))
		ask_aio(asked, iocb, data);
	else
		ask_io_uring(asked, ENCLOSING_STRUCT(io_kiocb, file, iocb), true);
}

/*
 * A buffered request of io_uring is tried by the submitting task and then by a worker, so that
 * neither tells its call from others: its place in its file does.
 */
static __always_inline void set_io_uring_key(struct asked *asked, const struct data_request *data)
{
	asked->is_call = true;
	asked->signature = mix(mix(data->mount, data->node), data->file_handle);
	asked->signature = mix(mix(asked->signature, asked->begin), asked->bytes);
	asked->key = asked->signature;
}

/* A buffered request that an io_uring worker sends: the worker knows its present work. */
static __always_inline void ask_io_uring_worker(struct asked *asked, struct task_struct *task,
						const struct data_request *data)
{
	struct io_worker *worker = AS_STRUCT(io_worker, READ_FIELD(task, worker_private));
	__u64 work = READ_ADDRESS(worker, cur_work);
	struct io_kiocb *request;

	if (!work)
		return;
	request = ENCLOSING_STRUCT(io_kiocb, work, work);
	if (!is_file_of_request(READ_FIELD(request, file), data))
		return;
	asked->bytes = BYTES_UNKNOWN;
	ask_io_uring(asked, request, false);
	asked->readahead_bytes = readahead_bytes(READ_FIELD(request, file));
	set_io_uring_key(asked, data);
}

/* The submission entry that io_uring_enter() is working on (io_get_sqe(), io_uring/io_uring.c). */
static __always_inline bool read_submission(struct io_uring_sqe *entry, struct io_ring_ctx *ring)
{
	__u32 flags = READ_FIELD(ring, flags);
	__u32 index = (READ_FIELD(ring, cached_sq_head) - 1) & (READ_FIELD(ring, sq_entries) - 1);

	if (!(flags & IORING_SETUP_NO_SQARRAY) &&
	    bpf_probe_read_kernel(&index, sizeof(index), READ_FIELD(ring, sq_array) + index))
		return false;
	if (flags & IORING_SETUP_SQE128)
		index <<= 1;
	return !bpf_probe_read_kernel(entry, sizeof(*entry), READ_FIELD(ring, sq_sqes) + index);
}

/* A buffered request that io_uring_enter() sends at the first try. */
static __always_inline void ask_io_uring_enter(struct asked *asked, struct task_struct *task,
					       struct pt_regs *regs,
					       const struct data_request *data)
{
	struct io_uring_sqe entry;
	__u64 file;

	if (READ_FIELD(regs, r10) & IORING_ENTER_REGISTERED_RING)
		return;
	file = file_of_descriptor(task, READ_FIELD(regs, di));
	if (!file ||
	    !read_submission(&entry, AS_STRUCT(io_ring_ctx,
					       READ_FIELD(AS_STRUCT(file, file), private_data))))
		return;
	if (!(entry.flags & IOSQE_FIXED_FILE)) {
		file = file_of_descriptor(task, entry.fd);
		if (!file || !is_file_of_request(AS_STRUCT(file, file), data))
			return;
		asked->readahead_bytes = readahead_bytes(AS_STRUCT(file, file));
	}
	asked->begin = entry.off;
	asked->bytes = entry.len;
	if (is_vectored(entry.opcode)) {
		asked->segments = entry.len;
		asked->bytes = iovec_bytes(entry.addr, entry.len);
	}
	set_io_uring_key(asked, data);
}

#define LISTED_IOCBS 32 /* of one io_submit() that are looked at for a buffered request */

/* The user address of the iocb, among those at LIST, that covers a range of its file; or 0. */
CHECKED_ONCE __u64 find_listed_iocb(__u64 list, __u64 count, __u64 begin, __u64 end)
{
	struct iocb user;
	__u64 address;
	__u32 i;

	for (i = 0; i < LISTED_IOCBS && i < count; i++) {
		__u64 bytes;

		if (bpf_probe_read_user(&address, sizeof(address), (void *)(list + i * 8)) ||
		    bpf_probe_read_user(&user, sizeof(user), (void *)address))
			return 0;
		bytes = is_vectored_iocb(&user) ? iovec_bytes(user.aio_buf, user.aio_nbytes)
						: user.aio_nbytes;
		if (end > (__u64)user.aio_offset && begin < user.aio_offset + bytes)
			return address;
	}
	return 0;
}

/* A buffered request that io_submit() sends: nothing leads to its iocb but the place in the file.
 */
static __always_inline void ask_io_submit(struct asked *asked, struct task_struct *task,
					  struct pt_regs *regs, const struct data_request *data)
{
	__u64 address = find_listed_iocb(READ_FIELD(regs, dx), READ_FIELD(regs, si), data->offset,
					 data->offset + data->bytes);
	struct iocb user;
	__u64 file;

	if (!address || bpf_probe_read_user(&user, sizeof(user), (void *)address))
		return;
	file = file_of_descriptor(task, user.aio_fildes);
	if (!file || !is_file_of_request(AS_STRUCT(file, file), data))
		return;
	asked->is_call = true;
	asked->readahead_bytes = readahead_bytes(AS_STRUCT(file, file));
	ask_iocb(asked, &user);
	asked->signature = mix(address, asked->begin);
}

/* The call behind a buffered request, if the task that sends it is in one for this file. */
static __always_inline void ask_buffered(struct asked *asked, struct task_struct *task,
					 const struct data_request *data)
{
	__u32 flags = READ_FIELD(task, flags);
	struct pt_regs *regs;
	long number;

	asked->key = KEY_OF_THREAD | READ_FIELD(task, pid);
	asked->segments = 1;
	if (flags & PF_KTHREAD)
		return;
	if (flags & PF_IO_WORKER) {
		ask_io_uring_worker(asked, task, data);
		return;
	}
	regs = AS_STRUCT(pt_regs, bpf_task_pt_regs(task));
	number = syscall_number(task, regs);
	if (number == SYSCALL_IO_SUBMIT && !data->deferred)
		ask_io_submit(asked, task, regs, data);
	else if (number == SYSCALL_IO_URING_ENTER && !data->deferred)
		ask_io_uring_enter(asked, task, regs, data);
	else
		ask_syscall(asked, task, regs, number, data);
}

#endif
