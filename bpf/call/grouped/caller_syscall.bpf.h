/* SPDX-License-Identifier: GPL-2.0 */
/* Calls of read, write and their like: the system call is in the task's saved registers. */
#ifndef FUSESCOPE_CALLER_SYSCALL_BPF_H
#define FUSESCOPE_CALLER_SYSCALL_BPF_H

#include "bpf/call/grouped/call_args.bpf.h"
#include "bpf/call/grouped/file_behind.bpf.h"
#include "bpf/kernel/syscall.bpf.h"

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
		read_user(&position, sizeof(position), argument);
	return position == ~0ULL ? (__u64)READ_FIELD(file, f_pos) : position;
}

/* What a system call asks for, by its arguments alone. */
static __always_inline void read_size_args(struct call_args *call_args,
					   const struct syscall_shape *shape, struct pt_regs *regs,
					   bool deferred)
{
	call_args->bytes = syscall_argument(regs, shape->count);
	if (shape->vector) {
		call_args->segments = call_args->bytes;
		/* The user memory of another task cannot be read. */
		call_args->bytes = deferred ? BYTES_UNKNOWN
					    : iovec_bytes(syscall_argument(regs, shape->vector),
							  call_args->segments);
	}
	if (call_args->bytes != BYTES_UNKNOWN && call_args->bytes > MAX_RW_COUNT_64K)
		call_args->bytes = MAX_RW_COUNT_64K;
	call_args->ends_with_task_io = shape->ends_with_task_io;
	call_args->in_pieces = shape->in_pieces;
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

/* Bytes that splice(2) may put into the pipe that is its other end. */
static __always_inline __u64 pipe_bytes(struct task_struct *task, struct pt_regs *regs)
{
	struct file *pipe = AS_STRUCT(file, file_of_descriptor(task, READ_FIELD(regs, dx)));

	return (__u64)READ_FIELD(AS_STRUCT(pipe_inode_info, READ_FIELD(pipe, private_data)),
				 max_usage)
	       << page_shift;
}

/*
 * Copies are mostly asked for with a number of bytes that no file has: what there is to be read is
 * the file, from where the call begins, and at most what the pipe of splice(2) holds.
 */
static __always_inline void limit_copy(struct call_args *call_args, struct task_struct *task,
				       struct pt_regs *regs, __u64 number, struct file *source)
{
	__u64 size = READ_FIELD(READ_FIELD(source, f_inode), i_size);
	__u64 room = number == SYSCALL_SPLICE ? pipe_bytes(task, regs) : 0;

	if (size > call_args->begin && size - call_args->begin < call_args->bytes)
		call_args->bytes = size - call_args->begin;
	if (room && room < call_args->bytes)
		call_args->bytes = room;
}

/* The system call that a task is in, if it is one that reads or writes the file of the request. */
static __always_inline void read_syscall_args(struct call_args *call_args, struct task_struct *task,
					      struct pt_regs *regs, __u64 number,
					      const struct data_request *data)
{
	const struct syscall_shape *shape = shape_of(number, data->op);
	__u64 opened, address;
	struct file *file;

	if (!shape)
		return;
	opened = file_of_descriptor(task, syscall_argument(regs, shape->file));
	address = file_behind(opened, data);
	if (!address)
		return;
	file = AS_STRUCT(file, address);
	call_args->is_call = true;
	call_args->task_ios = task_ios(task);
	call_args->readahead_bytes = readahead_bytes(file);
	call_args->begin = syscall_position(shape, regs, AS_STRUCT(file, opened), data->deferred);
	call_args->signature = syscall_signature(regs, call_args->begin, call_args->task_ios);
	read_size_args(call_args, shape, regs, data->deferred);
	if (shape->in_pieces && data->op == FUSESCOPE_READ)
		limit_copy(call_args, task, regs, number, file);
}

/*
 * A synchronous direct call. Its file is not compared with that of the system call: a filesystem
 * that passes the call on (overlayfs) passes on all of it, and no other kernel code makes a
 * synchronous direct call out of one of these system calls.
 */
static __always_inline void read_synchronous_args(struct call_args *call_args,
						  struct task_struct *task, struct pt_regs *regs,
						  __u64 number, const struct data_request *data)
{
	const struct syscall_shape *shape = shape_of(number, data->op);

	if (!shape || shape->in_pieces)
		return; /* the kiocb is one of several, of sizes that the kernel chose */
	call_args->task_ios = task_ios(task);
	read_size_args(call_args, shape, regs, data->deferred);
}

#endif
