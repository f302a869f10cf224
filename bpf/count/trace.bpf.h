/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells user space of each I/O call, or of each request, that `fusescope trace` asks for. All of it
 * hangs on the knob "traces": the verifier removes it from every other session.
 */
#ifndef FUSESCOPE_TRACE_BPF_H
#define FUSESCOPE_TRACE_BPF_H

#include "bpf/abi/trace_abi.h"
#include "bpf/count/counters.bpf.h"
#include "bpf/kernel/current.bpf.h"
#include "bpf/kernel/syscall.bpf.h"
#include "bpf/request/data_request.bpf.h"

static __always_inline bool is_comm_asked_for(const char *comm)
{
	__u64 words[2];

	if (!trace_comm[0])
		return true;
	__builtin_memcpy(words, comm, sizeof(words));
	return words[0] == trace_comm[0] && words[1] == trace_comm[1];
}

static __always_inline bool is_asked_for(const struct fusescope_trace_event *event)
{
	__u32 bit = event->opcode < FUSESCOPE_MAX_OPCODES - 1 ? event->opcode
							      : FUSESCOPE_MAX_OPCODES - 1;

	if (trace_device && event->device != trace_device)
		return false;
	if (trace_process && event->who.process != trace_process)
		return false;
	if (trace_own_process && event->who.process == trace_own_process)
		return false;
	if (trace_opcodes && !(trace_opcodes >> bit & 1))
		return false;
	if (trace_slower_ns && event->latency_ns <= trace_slower_ns)
		return false;
	if (trace_split_only && event->requests < 2)
		return false;
	return is_comm_asked_for(event->who.comm);
}

/*
 * Hands the record of what has ended to user space, if it is asked for, or counts that there was no
 * room for it.
 */
static __always_inline void emit_trace(struct fusescope_trace_event *event, __u64 began_ns,
				       __u64 ended_ns)
{
	__u64 bytes = trace_requests ? FUSESCOPE_TRACED_REQUEST_BYTES : sizeof(*event);
	struct fusescope_trace_stats *stats;
	__u32 zero = 0;

	event->ended_ns = ended_ns;
	event->latency_ns = ended_ns - began_ns;
	if (!is_asked_for(event) || !bpf_ringbuf_output(&trace_ring, event, bytes, 0))
		return;
	stats = bpf_map_lookup_elem(&trace_stats, &zero);
	if (stats)
		add(&stats->dropped, 1);
}

/* The system call that the current thread is in; io_uring's threads are in that of their ring. */
static __always_inline __s32 current_syscall(void)
{
	struct task_struct *task = current_thread();
	__u32 flags = READ_FIELD(task, flags);
	struct pt_regs *regs;

	if (flags & PF_IO_WORKER)
		return SYSCALL_IO_URING_ENTER;
	if (flags & PF_KTHREAD)
		return FUSESCOPE_NO_SYSCALL;
	regs = current_registers();
	return regs ? syscall_number(task, regs) : FUSESCOPE_SYSCALL_UNKNOWN;
}

/* PROCESS: process_of_current(). A kernel thread that works for none is a process of its own. */
static __always_inline void note_current_thread(struct fusescope_traced_thread *who, __u32 process)
{
	__u64 current_ids = bpf_get_current_pid_tgid();

	who->process = process ? process : current_ids >> 32;
	who->thread = current_ids;
	who->syscall = current_syscall();
	bpf_get_current_comm(who->comm, sizeof(who->comm));
}

/* The name of an open file; it is empty where the kernel's memory may not be copied. */
static __always_inline void note_file(struct fusescope_trace_event *event, __u64 file_address)
{
	struct file *file = AS_STRUCT(file, file_address);

	event->file[0] = 0;
	if (!file_address || !user_memory_is_readable)
		return;
	bpf_probe_read_kernel_str(event->file, sizeof(event->file),
				  READ_FIELD(READ_FIELD(file, f_path.dentry), d_name.name));
}

#endif
