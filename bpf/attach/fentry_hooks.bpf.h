/* SPDX-License-Identifier: GPL-2.0 */
/* Hook mode "fentry": FENTRY_NAME(name) gives each program its name. */
#ifndef FUSESCOPE_FENTRY_HOOKS_BPF_H
#define FUSESCOPE_FENTRY_HOOKS_BPF_H

#include "bpf/request/request.bpf.h"

#include <bpf/bpf_tracing.h>

/* One more step, so that the name is made before BPF_PROG sees it. */
#define PROGRAM(name, arguments...) BPF_PROG(name, arguments)

#define ON_ENTRY(name, function, arguments...)                                                     \
	SEC("fentry/" #function)                                                                   \
	int PROGRAM(FENTRY_NAME(name), arguments)
#define ON_EXIT(name, function, arguments...)                                                      \
	SEC("fexit/" #function)                                                                    \
	int PROGRAM(FENTRY_NAME(name), arguments, long result)
/* An argument is a typed pointer to the verifier: its number is read from where it lies. */
#define ADDRESS_OF(n)	   ADDRESS_AT((__u64 *)ctx + (n))
#define ADDRESS_AT_EXIT(n) ADDRESS_OF(n)

#include "bpf/attach/function_hooks.bpf.h"

#endif
