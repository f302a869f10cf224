/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells user space of each I/O call, or of each request, that `fusescope trace` asks for. All of it
 * hangs on the knob "traces": the verifier removes it from every other session.
 */
#ifndef FUSESCOPE_TRACE_BPF_H
#define FUSESCOPE_TRACE_BPF_H

#include "bpf/request/data_request.bpf.h"
#include "bpf/request/requester.bpf.h"
#include "bpf/call/grouped/syscall.bpf.h"
#include "bpf/abi/trace_abi.h"

/* Set by user space: what is traced, calls or requests; and of these, 0 or false: all of them. */
const volatile bool trace_requests __weak = false;
const volatile bool trace_split_only __weak = false;
const volatile __u32 trace_device __weak = 0;
const volatile __u32 trace_process __weak = 0;
const volatile __u32 trace_own_process __weak = 0; /* whose own I/O is left out */
const volatile __u64 trace_comm[2] __weak = {0};
const volatile __u64 trace_opcodes __weak = 0; /* a bit for each; opcodes from 63 on share one */
const volatile __u64 trace_slower_ns __weak = 0;

/* A reservation cannot be given back on all paths that the verifier of 5.10 sees: output only. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} trace_ring SEC(".maps") __weak;

SHARED_MAP(trace_stats, BPF_MAP_TYPE_ARRAY, 1, struct fusescope_trace_stats, BPF_F_MMAPABLE);

/* The record of the call in each slot of "calls", filled as its requests come: it is too large for
 * a stack that deep in the calls of functions. */
SHARED_MAP(traced_calls, BPF_MAP_TYPE_ARRAY, FUSESCOPE_CALL_SLOTS, struct fusescope_trace_event, 0);

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

/* Hands a record to user space, or counts that there was no room for it. */
static __always_inline void emit_trace(struct fusescope_trace_event *event)
{
	__u64 bytes = trace_requests ? FUSESCOPE_TRACED_REQUEST_BYTES : sizeof(*event);
	struct fusescope_trace_stats *stats;
	__u32 zero = 0;

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

/* A kernel thread that works for no process is a process of its own. */
static __always_inline void note_current_thread(struct fusescope_traced_thread *who)
{
	__u64 current_ids = bpf_get_current_pid_tgid();
	__u32 process = process_of_current();

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

static __always_inline void set_call(struct fusescope_trace_event *event, __u8 op, __u8 mode,
				     __u64 requests, __u8 cause)
{
	event->kind = FUSESCOPE_TRACED_CALL;
	event->opcode = op == FUSESCOPE_READ ? FUSE_READ : FUSE_WRITE;
	event->mode = mode;
	event->requests = requests;
	event->cause = cause;
}

#endif
