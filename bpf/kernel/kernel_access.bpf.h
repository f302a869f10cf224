/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a kernel field is read: the seam between the hook modes. Programs with typed pointers load
 * through them directly (nanoseconds, and allowed under lockdown=confidentiality); the others copy
 * with bpf_probe_read_kernel.
 *
 * Of a CHECKED_ONCE function that reads fields, each way to read needs a name of its own,
 * BY_ACCESS: of one name bpftool keeps the first, for the programs of all objects.
 */
#ifndef FUSESCOPE_KERNEL_ACCESS_BPF_H
#define FUSESCOPE_KERNEL_ACCESS_BPF_H

#include "bpf/kernel/kernel_fuse.h"
#include "bpf/kernel/kernel_fuse_5_10.h"
#include "bpf/kernel/program.bpf.h"
#include "bpf/knobs.bpf.h"

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * kernel/bpf/helpers.c, since 6.2: the task of a thread id of the host. For programs with typed
 * pointers alone.
 */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *task) __ksym __weak;

#ifdef FUSESCOPE_DIRECT_LOADS

/* kernel/bpf/helpers.c, since 6.2: makes an address readable as a kernel struct. */
extern void *bpf_rdonly_cast(const void *address, __u32 type_id) __ksym __weak;

#define BY_ACCESS(name)		       typed_##name
#define LOADS_ARE_TYPED		       true
#define FUSE_IS_DESCRIBED	       true
#define READ_FIELD(pointer, field)     ((pointer)->field)
#define READ_DESCRIBED(pointer, field) ((pointer)->field)
#define AS_STRUCT(name, address)                                                                   \
	((struct name *)bpf_rdonly_cast((const void *)(unsigned long)(address),                    \
					bpf_core_type_id_kernel(struct name)))

/*
 * The verifier allows no arithmetic on a typed pointer, so that an address that serves as a key is
 * loaded as a number: through a kernel struct that begins with a plain __u64.
 */
#define ADDRESS_AT(location)	     (AS_STRUCT(fuse_read_in, location)->fh)
#define READ_ADDRESS(pointer, field) ADDRESS_AT(&(pointer)->field)
#define READ_DESCRIBED_ADDRESS	     READ_ADDRESS

#else

#define BY_ACCESS(name)	  name
#define LOADS_ARE_TYPED	  false

/* Whether this kernel describes the types of FUSE; else they are those of 5.10. */
#define FUSE_IS_DESCRIBED (bpf_core_type_exists(struct fuse_req))

#define READ_FIELD(pointer, field)                                                                 \
	({                                                                                         \
		typeof((pointer)->field) value;                                                    \
		if (IS_OF_FUSE(pointer) && !FUSE_IS_DESCRIBED)                                     \
			bpf_probe_read_kernel(&value, sizeof(value), &OF_5_10(pointer)->field);    \
		else                                                                               \
			bpf_probe_read_kernel(&value, sizeof(value), &(pointer)->field);           \
		value;                                                                             \
	})
/* A field that 5.10 does not have: the caller has made sure that it exists. */
#define READ_DESCRIBED(pointer, field)                                                             \
	({                                                                                         \
		typeof((pointer)->field) described;                                                \
		bpf_probe_read_kernel(&described, sizeof(described), &(pointer)->field);           \
		described;                                                                         \
	})
#define AS_STRUCT(name, address)	       ((struct name *)(unsigned long)(address))
#define READ_ADDRESS(pointer, field)	       ((__u64)READ_FIELD(pointer, field))
#define READ_DESCRIBED_ADDRESS(pointer, field) ((__u64)READ_DESCRIBED(pointer, field))

#define ADDRESS_AT(location)                                                                       \
	({                                                                                         \
		__u64 address = 0;                                                                 \
		bpf_probe_read_kernel(&address, sizeof(address),                                   \
				      (const void *)(unsigned long)(location));                    \
		address;                                                                           \
	})

#endif

/*
 * A bit-field. BPF_CORE_READ_BITFIELD would load whole words, and the verifier refuses one that
 * begins in the member before it.
 */
#define READ_BIT(pointer, field)                                                                   \
	(ADDRESS_AT((const void *)(pointer) + __CORE_RELO(pointer, field, BYTE_OFFSET))            \
		 << __CORE_RELO(pointer, field, LSHIFT_U64) >>                                     \
	 __CORE_RELO(pointer, field, RSHIFT_U64))

/* Copies from the memory of the current task. Not 0: it cannot be read. */
static __always_inline long read_user(void *to, __u32 size, __u64 address)
{
	if (!user_memory_is_readable)
		return -1;
	return bpf_probe_read_user(to, size, (const void *)(unsigned long)address);
}

/* The struct NAME in which MEMBER lies at ADDRESS. */
#define ENCLOSING_STRUCT(name, member, address)                                                    \
	AS_STRUCT(name, (unsigned long)(address) - bpf_core_field_offset(struct name, member))

#endif
