/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a task's present system call asks of a file, from its saved registers. No system call is
 * hooked: this is read when a request is sent from inside of one.
 */
#ifndef FUSESCOPE_SYSCALL_BPF_H
#define FUSESCOPE_SYSCALL_BPF_H

#include "bpf/kernel/kernel_access.bpf.h"
#include "bpf/maps.bpf.h"

enum argument { ARG_NONE, ARG_DI, ARG_SI, ARG_DX, ARG_R10, ARG_R8 };

enum position {
	POSITION_OF_FILE,    /* file->f_pos, which stays put during the call */
	POSITION_ARGUMENT,   /* by value; -1 in preadv2 and pwritev2 means that of the file */
	POSITION_AT_POINTER, /* in user memory; null means that of the file */
};

/* Which argument is what, for one operation of one system call. */
struct syscall_shape {
	__u8 file;     /* 0: not a call of this operation */
	__u8 count;    /* bytes, or segments if vectored */
	__u8 vector;   /* address of the iovec array */
	__u8 position; /* enum position */
	__u8 position_argument;
	/* fs/read_write.c adds 1 to task->ioac.syscr or syscw when it returns. */
	__u8 ends_with_task_io;
	__u8 in_pieces; /* the kernel copies through a pipe, in pieces of its own choice */
};

#define SYSCALL_SLOTS	       512
#define SYSCALL_IO_SUBMIT      209
#define SYSCALL_SPLICE	       275
#define SYSCALL_IO_URING_ENTER 426

#define PLAIN	  {ARG_DI, ARG_DX, 0, POSITION_OF_FILE, 0, 1, 0}
#define PLAIN_AT  {ARG_DI, ARG_DX, 0, POSITION_ARGUMENT, ARG_R10, 1, 0}
#define VECTOR	  {ARG_DI, ARG_DX, ARG_SI, POSITION_OF_FILE, 0, 1, 0}
#define VECTOR_AT {ARG_DI, ARG_DX, ARG_SI, POSITION_ARGUMENT, ARG_R10, 1, 0}

/* Numbers of x86-64: arch/x86/entry/syscalls/syscall_64.tbl */
static const struct syscall_shape syscall_shapes[FUSESCOPE_OPS][SYSCALL_SLOTS] = {
	[FUSESCOPE_READ] =
		{
			[0] = PLAIN,	   /* read */
			[17] = PLAIN_AT,   /* pread64 */
			[19] = VECTOR,	   /* readv */
			[295] = VECTOR_AT, /* preadv */
			[327] = VECTOR_AT, /* preadv2 */
			[40] = {ARG_SI, ARG_R10, 0, POSITION_AT_POINTER, ARG_DX, 1,
				1}, /* sendfile */
			[275] = {ARG_DI, ARG_R8, 0, POSITION_AT_POINTER, ARG_SI, 0, 1}, /* splice */
			[326] = {ARG_DI, ARG_R8, 0, POSITION_AT_POINTER, ARG_SI, 1,
				 1}, /* copy_file_range */
		},
	[FUSESCOPE_WRITE] =
		{
			[1] = PLAIN,						/* write */
			[18] = PLAIN_AT,					/* pwrite64 */
			[20] = VECTOR,						/* writev */
			[296] = VECTOR_AT,					/* pwritev */
			[328] = VECTOR_AT,					/* pwritev2 */
			[40] = {ARG_DI, ARG_R10, 0, POSITION_OF_FILE, 0, 1, 1}, /* sendfile */
			[275] = {ARG_DX, ARG_R8, 0, POSITION_AT_POINTER, ARG_R10, 0,
				 1}, /* splice */
			[326] = {ARG_DX, ARG_R8, 0, POSITION_AT_POINTER, ARG_R10, 1,
				 1}, /* copy_file_range */
		},
};

#define TS_COMPAT	 0x0002 /* arch/x86/include/asm/thread_info.h: a 32-bit system call */
#define MAX_RW_COUNT_64K 0x7ffff000ULL /* include/linux/fs.h, MAX_RW_COUNT with 4 KiB pages */

/* The system call of a task: its number, or -1 for none (a page fault) or a 32-bit one. */
static __always_inline long syscall_number(struct task_struct *task, struct pt_regs *regs)
{
	if (READ_FIELD(task, thread_info.status) & TS_COMPAT)
		return -1;
	return READ_FIELD(regs, orig_ax);
}

static __always_inline __u64 syscall_argument(struct pt_regs *regs, __u8 argument)
{
	switch (argument) {
	case ARG_DI:
		return READ_FIELD(regs, di);
	case ARG_SI:
		return READ_FIELD(regs, si);
	case ARG_DX:
		return READ_FIELD(regs, dx);
	case ARG_R10:
		return READ_FIELD(regs, r10);
	case ARG_R8:
		return READ_FIELD(regs, r8);
	}
	return 0;
}

/* The address of the struct file behind a descriptor of a task, or 0. */
static __always_inline __u64 file_of_descriptor(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = READ_FIELD(READ_FIELD(task, files), fdt);

	if (descriptor >= READ_FIELD(table, max_fds))
		return 0;
	return ADDRESS_AT(READ_ADDRESS(table, fd) + descriptor * sizeof(__u64));
}

/* Bytes of at most IOVEC_PART iovecs in the current task's memory, or ~0 if they cannot be read. */
CHECKED_ONCE __u64 iovec_part_bytes(__u64 address, __u32 segments)
{
	__u32 zero = 0;
	struct iovec_part *part = bpf_map_lookup_elem(&iovec_scratch, &zero);
	__u64 bytes = 0;
	__u64 last;
	__u32 i;

	if (!part || segments == 0 || segments > IOVEC_PART)
		return ~0ULL;
	/* The mask changes nothing, but older verifiers need it to see that the part is enough. */
	last = (segments - 1) & (IOVEC_PART - 1);
	if (read_user(part, (last + 1) * sizeof(part->segments[0]), address))
		return ~0ULL;
	/* A whole part is the common case, and a loop without a test at each turn is quicker. */
	if (segments == IOVEC_PART) {
#pragma unroll
		for (i = 0; i < IOVEC_PART; i++)
			bytes += part->segments[i].length;
		return bytes;
	}
	for (i = 0; i < IOVEC_PART && i < segments; i++)
		bytes += part->segments[i].length;
	return bytes;
}

/* Bytes of an iovec array in the current task's memory, or ~0 if it cannot be read. */
CHECKED_ONCE __u64 iovec_bytes(__u64 address, __u32 segments)
{
	__u64 bytes = 0;
	__u32 done = 0;
	__u32 i;

	if (segments == 0 || segments > FUSESCOPE_MAX_SEGMENTS)
		return ~0ULL;
	for (i = 0; i < FUSESCOPE_MAX_SEGMENTS / IOVEC_PART && done < segments; i++) {
		__u32 count = segments - done < IOVEC_PART ? segments - done : IOVEC_PART;
		__u64 part = iovec_part_bytes(
			address + done * sizeof(struct iovec_part) / IOVEC_PART, count);

		if (part == ~0ULL)
			return part;
		bytes += part;
		done += count;
	}
	return bytes;
}

#endif
