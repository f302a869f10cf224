/* SPDX-License-Identifier: GPL-2.0 */
/* Which process a request is of: not always the one that is running when it is sent. */
#ifndef FUSESCOPE_REQUESTER_BPF_H
#define FUSESCOPE_REQUESTER_BPF_H

#include "bpf/kernel/kernel_access.bpf.h"

/* include/linux/sched.h */
#define PF_KTHREAD   0x00200000
#define PF_IO_WORKER 0x00000010 /* io_uring's worker and SQPOLL threads, since 5.12 */

#define KERNEL_STACK_BYTES 16384 /* THREAD_SIZE, arch/x86/include/asm/page_64_types.h */

/* The current thread. */
static __always_inline struct task_struct *current_thread(void)
{
#ifdef FUSESCOPE_DIRECT_LOADS
	return bpf_get_current_task_btf();
#else
	return AS_STRUCT(task_struct, bpf_get_current_task());
#endif
}

/*
 * The registers that the current thread has saved when it entered the kernel. Before 5.15 no helper
 * tells where: at the top of its stack, of THREAD_SIZE, task_pt_regs() in
 * arch/x86/include/asm/processor.h.
 */
static __always_inline struct pt_regs *current_registers(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs))
		return AS_STRUCT(pt_regs, bpf_task_pt_regs(bpf_get_current_task_btf()));
#ifndef FUSESCOPE_DIRECT_LOADS
	return AS_STRUCT(pt_regs, READ_ADDRESS(current_thread(), stack) + KERNEL_STACK_BYTES -
					  bpf_core_type_size(struct pt_regs));
#else
	return NULL;
#endif
}

/*
 * The process that the current thread works for. A kernel thread that uses the memory of a process
 * (kthread_use_mm(): io_uring's workers before 5.12, vhost's before 6.4) works for that one. 0: a
 * kernel thread that works for none.
 */
static __always_inline __u32 process_of_current(void)
{
	struct task_struct *task = current_thread();
	struct mm_struct *memory = READ_FIELD(task, mm);

	if (!(READ_FIELD(task, flags) & PF_KTHREAD))
		return bpf_get_current_pid_tgid() >> 32;
	if (!bpf_core_field_exists(memory->owner) || !READ_ADDRESS(task, mm))
		return 0;
	return READ_FIELD(READ_FIELD(memory, owner), tgid);
}

#ifdef FUSESCOPE_DIRECT_LOADS

static __always_inline __u32 pid_namespace_level(struct fuse_conn *connection)
{
	return READ_FIELD(READ_FIELD(connection, pid_ns), level);
}

/* Whether the task that sends a request is not the one that made it. */
static __always_inline bool is_deferred(struct fuse_req *req, struct fuse_conn *connection,
					struct task_struct *current_task)
{
	__u32 level = pid_namespace_level(connection);
	__u32 requester = READ_FIELD(req, in.h.pid);
	__u32 current_pid = READ_FIELD(current_task, pid);

	if (level) {
		__u64 numbers = (__u64)bpf_core_field_offset(struct pid, numbers) +
				READ_ADDRESS(current_task, thread_pid);
		__u64 own = numbers + level * bpf_core_type_size(struct upid);

		current_pid = READ_FIELD(AS_STRUCT(upid, own), nr);
	}
	return requester != current_pid;
}

/*
 * The process of a request from the background, which a thread of the daemon may send. 0: not
 * known. A request that names no thread (writeback, RELEASE: fuse_simple_background() with
 * args->nocreds, fs/fuse/dev.c) is its sender's.
 */
static __always_inline __u32 process_of_background(struct fuse_req *req,
						   struct fuse_conn *connection)
{
	__u32 requester = READ_FIELD(req, in.h.pid);
	struct task_struct *task;
	__u32 process;

	if (!requester || !is_deferred(req, connection, bpf_get_current_task_btf()))
		return process_of_current();
	/* in.h.pid counts in the mount's pid namespace; tasks are found in the host's. */
	if (pid_namespace_level(connection))
		return 0;
	task = bpf_task_from_pid(requester);
	if (!task)
		return requester; /* gone already: right for a process of one thread */
	process = READ_FIELD(task, tgid);
	bpf_task_release(task);
	return process;
}

#endif

#endif
