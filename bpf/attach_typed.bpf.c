// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks that hand out typed pointers: tracepoints (tp_btf, of FUSE since 6.12), and functions by
 * fentry and fexit on kernels that let a program make more of them (bpf_rdonly_cast, since 6.2).
 *
 * One file for both, because libbpf's static linker cannot merge uses of kernel functions from two.
 */
#define FUSESCOPE_DIRECT_LOADS
#include "devices.bpf.h"
#include "request.bpf.h"
#include "settle.bpf.h"

#include <bpf/bpf_tracing.h>

/* --- hook mode "tracepoint" --- */

SEC("tp_btf/fuse_request_send")
int BPF_PROG(tracepoint_request_sent, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_AT(ctx));
}

/* Since 7.1. */
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

/* --- hook mode "fentry" --- */

#define ON_ENTRY(name, function, arguments...)                                                     \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(fentry_##name, arguments)
#define ON_EXIT(name, function, arguments...)                                                      \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(fentry_##name, arguments, long result)
#define ADDRESS_OF(n)	   ADDRESS_AT((__u64 *)ctx + (n))
#define ADDRESS_AT_EXIT(n) ADDRESS_OF(n)

#include "function_hooks.bpf.h"

/* Only here: kretprobe does not tell which request it was. */
ON_EXIT(background_refused, fuse_simple_background, struct fuse_mount *mount,
	struct fuse_args *args, unsigned int allocation)
{
	return on_background_refused(ADDRESS_AT_EXIT(1), result);
}

/* --- run by user space --- */

SEC("iter/task_file")
int list_devices(struct bpf_iter__task_file *context)
{
	return on_open_file(context);
}

char typed_license[] SEC("license") = "GPL";
