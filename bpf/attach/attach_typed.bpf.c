// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks that hand out typed pointers: tracepoints (tp_btf, of FUSE since 6.12), and functions by
 * fentry and fexit on kernels that let a program make more of them (bpf_rdonly_cast, since 6.2).
 *
 * One file for both, because libbpf's static linker cannot merge uses of kernel functions from two.
 */
#define FUSESCOPE_DIRECT_LOADS
#include "bpf/walk/devices.bpf.h"
#include "bpf/request/request.bpf.h"
#include "bpf/call/grouped/ended_calls.bpf.h"

#include <bpf/bpf_tracing.h>

/* --- hook mode "fentry" --- */

#define FENTRY_NAME(name) fentry_##name
#include "bpf/attach/fentry_hooks.bpf.h"

/* --- processes that are followed, in every hook mode: nothing here is of FUSE, or newer than 5.10
 * --- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child)
{
	return on_process_forked(parent, child);
}

SEC("tp_btf/sched_process_free")
int BPF_PROG(follow_free, struct task_struct *task)
{
	return on_thread_freed(task);
}

/* --- run by user space --- */

/* Whether a thread can be given storage: not where the allocator finds no 16-byte exchange. */
SEC("syscall")
int check_task_storage(void *context)
{
	return bpf_task_storage_get(&calls_of_task, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE) != NULL;
}

SEC("iter/task_file")
int list_devices(struct bpf_iter__task_file *context)
{
	return on_open_file(context);
}

SEC("iter/bpf_map_elem")
int refresh_connections(struct bpf_iter__bpf_map_elem *context)
{
	return on_connection_row(context);
}

/* --- hook mode "tracepoint" --- */

/* Since 7.2. */
SEC("tp_btf/fuse_request_sent")
int BPF_PROG(tracepoint_request_taken, struct fuse_req *req)
{
	return on_request_taken(ADDRESS_AT(ctx));
}

SEC("tp_btf/fuse_request_end")
int BPF_PROG(tracepoint_request_ended, struct fuse_req *req)
{
	return on_request_ended(req, ADDRESS_AT(ctx));
}

/* The last of this file: it takes a verifier longer than all others together. */
SEC("tp_btf/fuse_request_send")
int BPF_PROG(tracepoint_request_sent, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_AT(ctx));
}
