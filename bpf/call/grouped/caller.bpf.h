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
static __always_inline void ask_request(struct asked *asked, const struct data_request *data)
{
	asked->is_call = true;
	asked->key = data->io;
	asked->begin = READ_FIELD(AS_STRUCT(kiocb, data->iocb), ki_pos);
	asked->segments = 1;
	asked->bytes = BYTES_UNKNOWN;
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
		ask_io_uring_direct(asked, ENCLOSING_STRUCT(io_kiocb, file, iocb));
}

/* The call behind a buffered request, if the task that sends it is in one for this file. */
static __always_inline void ask_buffered(struct asked *asked, struct task_struct *task,
					 const struct data_request *data)
{
	__u32 flags = READ_FIELD(task, flags);
	struct pt_regs *regs;
	long number;

	asked->key = KEY_OF_THREAD(data->op) | READ_FIELD(task, pid);
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
