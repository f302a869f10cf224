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

#include "bpf/call/grouped/caller_async.bpf.h"
#include "bpf/call/grouped/caller_syscall.bpf.h"
#include "bpf/request/requester.bpf.h"

/*
 * A call of a thread: above any thread id, below any kernel address. Of each operation, because a
 * copy is both at once.
 */
#define KEY_OF_THREAD(op) ((1ULL + (op)) << 32)

/* The call behind a direct request, as far as the request alone tells it. */
static __always_inline void read_kiocb_args(struct call_args *call_args,
					    const struct data_request *data)
{
	call_args->is_call = true;
	call_args->key = data->io;
	call_args->begin = READ_FIELD(AS_STRUCT(kiocb, data->iocb), ki_pos);
	call_args->segments = 1;
	call_args->bytes = BYTES_UNKNOWN;
}

/* The call behind a direct request, as its caller TASK tells it. */
static __always_inline void read_direct_args(struct call_args *call_args, struct task_struct *task,
					     const struct data_request *data)
{
	struct kiocb *iocb = AS_STRUCT(kiocb, data->iocb);
	struct pt_regs *regs = AS_STRUCT(pt_regs, bpf_task_pt_regs(task));
	__u32 flags = READ_FIELD(task, flags);
	__u64 number = syscall_number(task, regs);

	if (flags & PF_KTHREAD)
		return; /* a loop device, an NFS server: no system call asked for it */
	if (!READ_FIELD(iocb, ki_complete))
		read_synchronous_args(call_args, task, regs, number, data);
	else if (number == SYSCALL_IO_SUBMIT && !(flags & PF_IO_WORKER))
		read_aio_args(call_args, iocb, data);
	else
		read_io_uring_direct_args(call_args, ENCLOSING_STRUCT(io_kiocb, file, iocb));
}

/* The call behind a buffered request, if the task that sends it is in one for this file. */
static __always_inline void read_buffered_args(struct call_args *call_args,
					       struct task_struct *task,
					       const struct data_request *data)
{
	__u32 flags = READ_FIELD(task, flags);
	struct pt_regs *regs;
	long number;

	call_args->key = KEY_OF_THREAD(data->op) | READ_FIELD(task, pid);
	call_args->segments = 1;
	if (flags & PF_KTHREAD)
		return;
	if (flags & PF_IO_WORKER) {
		read_io_uring_worker_args(call_args, task, data);
		return;
	}
	regs = AS_STRUCT(pt_regs, bpf_task_pt_regs(task));
	number = syscall_number(task, regs);
	if (number == SYSCALL_IO_SUBMIT && !data->deferred)
		read_io_submit_args(call_args, task, regs, data);
	else if (number == SYSCALL_IO_URING_ENTER && !data->deferred)
		read_io_uring_enter_args(call_args, task, regs, data);
	else
		read_syscall_args(call_args, task, regs, number, data);
}

#endif
