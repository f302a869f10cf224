// SPDX-License-Identifier: GPL-2.0
/* Hook mode "tracepoint": fuse:fuse_request_send and fuse:fuse_request_end, since 6.12. */
#define FUSESCOPE_DIRECT_LOADS
/* In this file because libbpf's static linker cannot merge uses of kernel functions from two. */
#include "observe.bpf.h"
#include "request.bpf.h"

#include <bpf/bpf_tracing.h>

SEC("tp_btf/fuse_request_send")
int BPF_PROG(tracepoint_request_sent, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_AT(ctx));
}

SEC("tp_btf/fuse_request_end")
int BPF_PROG(tracepoint_request_ended, struct fuse_req *req)
{
	return on_request_ended(req, ADDRESS_AT(ctx));
}

char tracepoint_license[] SEC("license") = "GPL";
