/* SPDX-License-Identifier: GPL-2.0 */
/* Hook mode "kprobe": KPROBE_NAME(name) gives each program its name. */
#ifndef FUSESCOPE_KPROBE_HOOKS_BPF_H
#define FUSESCOPE_KPROBE_HOOKS_BPF_H

#include "bpf/request/request.bpf.h"

#define __VMLINUX_H__ /* registers have their names of the kernel */
#include <bpf/bpf_tracing.h>

/* One more step, so that the name is made before BPF_KPROBE sees it. */
#define PROBE(name, arguments...)	 BPF_KPROBE(name, arguments)
#define RETURN_PROBE(name, arguments...) BPF_KRETPROBE(name, arguments)

#define ON_ENTRY(name, function, arguments...)                                                     \
	SEC("kprobe/" #function)                                                                   \
	int PROBE(KPROBE_NAME(name), arguments)
#define ON_EXIT(name, function, arguments...)                                                      \
	SEC("kretprobe/" #function)                                                                \
	int RETURN_PROBE(KPROBE_NAME(name), long result)
#define ADDRESS_OF_0	   PT_REGS_PARM1(ctx)
#define ADDRESS_OF_1	   PT_REGS_PARM2(ctx)
#define ADDRESS_OF_2	   PT_REGS_PARM3(ctx)
#define ADDRESS_OF(n)	   (ADDRESS_OF_##n)
#define ADDRESS_AT_EXIT(n) 0

#include "bpf/attach/function_hooks.bpf.h"

#endif
