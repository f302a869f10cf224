/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a kernel field is read: the seam between the hook modes. Tracepoint programs are given
 * typed pointers and load through them directly (nanoseconds, and allowed under
 * lockdown=confidentiality); a mode without typed pointers copies with bpf_probe_read_kernel.
 */
#ifndef FUSESCOPE_KERNEL_ACCESS_BPF_H
#define FUSESCOPE_KERNEL_ACCESS_BPF_H

#include "kernel_fuse.h"

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#ifdef FUSESCOPE_DIRECT_LOADS

/* kernel/bpf/helpers.c, since 6.2: makes an address readable as a kernel struct. */
extern void *bpf_rdonly_cast(const void *address, __u32 type_id) __ksym;

/* kernel/bpf/helpers.c, since 6.2: the task of a thread id of the host. */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

#define READ_FIELD(pointer, field) ((pointer)->field)
#define AS_STRUCT(name, address)                                                                   \
	((struct name *)bpf_rdonly_cast((const void *)(unsigned long)(address),                    \
					bpf_core_type_id_kernel(struct name)))

/*
 * The verifier allows no arithmetic on a typed pointer, so that an address that serves as a key is
 * loaded as a number: through a kernel struct that begins with a plain __u64.
 */
#define ADDRESS_AT(location)	     (AS_STRUCT(fuse_read_in, location)->fh)
#define READ_ADDRESS(pointer, field) ADDRESS_AT(&(pointer)->field)

#else

#define READ_FIELD(pointer, field)   BPF_CORE_READ(pointer, field)
#define READ_ADDRESS(pointer, field) ((__u64)BPF_CORE_READ(pointer, field))
#define AS_STRUCT(name, address)     ((struct name *)(unsigned long)(address))

#endif

/* The struct NAME in which MEMBER lies at ADDRESS. */
#define ENCLOSING_STRUCT(name, member, address)                                                    \
	AS_STRUCT(name, (unsigned long)(address) - bpf_core_field_offset(struct name, member))

#endif
