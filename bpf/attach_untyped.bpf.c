// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks on functions whose arguments are numbers: kprobe and kretprobe, and fentry on kernels before
 * 6.2, which check every use of a typed pointer but do not let a program make one.
 */
#include "devices.bpf.h"
#include "request.bpf.h"

#define __VMLINUX_H__ /* registers have their names of the kernel */
#include <bpf/bpf_tracing.h>

/* --- hook mode "fentry" --- */

#define ON_ENTRY(name, function, arguments...)                                                     \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(fentry_untyped_##name, arguments)
#define ON_EXIT(name, function, arguments...)                                                      \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(fentry_untyped_##name, arguments, long result)
#define ADDRESS_OF(n)	   (ctx[n])
#define ADDRESS_AT_EXIT(n) ADDRESS_OF(n)

#include "function_hooks.bpf.h"

/* Only with fexit: kretprobe does not tell which request it was. */
ON_EXIT(background_refused, fuse_simple_background, struct fuse_mount *mount,
	struct fuse_args *args, unsigned int allocation)
{
	return on_background_refused(ADDRESS_AT_EXIT(1), result);
}

#undef ON_ENTRY
#undef ON_EXIT
#undef ADDRESS_OF
#undef ADDRESS_AT_EXIT

/* --- hook mode "kprobe" --- */

#define ON_ENTRY(name, function, arguments...)                                                     \
	SEC("kprobe/" #function)                                                                   \
	int BPF_KPROBE(kprobe_##name, arguments)
#define ON_EXIT(name, function, arguments...)                                                      \
	SEC("kretprobe/" #function)                                                                \
	int BPF_KRETPROBE(kprobe_##name, long result)
#define ADDRESS_OF_0	   PT_REGS_PARM1(ctx)
#define ADDRESS_OF_1	   PT_REGS_PARM2(ctx)
#define ADDRESS_OF_2	   PT_REGS_PARM3(ctx)
#define ADDRESS_OF(n)	   (ADDRESS_OF_##n)
#define ADDRESS_AT_EXIT(n) 0

#include "function_hooks.bpf.h"

/* --- run by user space --- */

SEC("iter/task_file")
int untyped_list_devices(struct bpf_iter__task_file *context)
{
	return on_open_file(context);
}

char untyped_license[] SEC("license") = "GPL";
