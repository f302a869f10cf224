/* SPDX-License-Identifier: GPL-2.0 */
/* The current thread: its registers, and the process that it works for. */
#ifndef FUSESCOPE_CURRENT_BPF_H
#define FUSESCOPE_CURRENT_BPF_H

#include "bpf/kernel/kernel_access.bpf.h"

/* include/linux/sched.h */
#define PF_KTHREAD   0x00200000
#define PF_IO_WORKER 0x00000010 /* io_uring's worker and SQPOLL threads, since 5.12 */

#define KERNEL_STACK_BYTES 16384 /* THREAD_SIZE, arch/x86/include/asm/page_64_types.h */

/* The current thread. */
static __always_inline struct task_struct *current_thread(void)
{
	return LOADS_ARE_TYPED ? bpf_get_current_task_btf()
			       : AS_STRUCT(task_struct, bpf_get_current_task());
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
	if (LOADS_ARE_TYPED)
		return NULL;
	return AS_STRUCT(pt_regs, READ_ADDRESS(current_thread(), stack) + KERNEL_STACK_BYTES -
					  bpf_core_type_size(struct pt_regs));
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

#endif
