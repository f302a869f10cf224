// SPDX-License-Identifier: GPL-2.0
/* Programs that do nothing on the hooks that the agent uses: what an attached program costs. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tp_btf/fuse_request_send")
int empty_request_sent(void *context)
{
	return 0;
}

SEC("tp_btf/fuse_request_end")
int empty_request_ended(void *context)
{
	return 0;
}

char empty_license[] SEC("license") = "GPL";
