/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FUSE structs of Linux 5.10 on 64-bit machines. There FUSE is mostly a module, and the types
 * of modules are described only from 5.11 on, so that CO-RE has nothing to go by. User space lets
 * these be used on 5.10 only. Only the members before the last one that is read are laid out.
 */
#ifndef FUSESCOPE_KERNEL_FUSE_5_10_H
#define FUSESCOPE_KERNEL_FUSE_5_10_H

#include "bpf/kernel/kernel_fuse.h"

#define SKIP_CONCATENATED(bytes, line) __u8 skipped_##line[bytes]
#define SKIP_AT(bytes, line)	       SKIP_CONCATENATED(bytes, line)
#define SKIP(bytes)		       SKIP_AT(bytes, __LINE__)

struct fuse_in_header_5_10 {
	__u32 len;
	__u32 opcode;
	__u64 unique;
	__u64 nodeid;
	__u32 uid;
	__u32 gid;
	__u32 pid;
	__u32 padding;
};

struct fuse_req_5_10 {
	SKIP(32); /* list, intr_entry */
	struct fuse_args *args;
	SKIP(8); /* count */
	unsigned long flags;
	struct {
		struct fuse_in_header_5_10 h;
	} in;
	struct {
		struct {
			__u32 len;
			__s32 error;
			__u64 unique;
		} h;
	} out;
	SKIP(32); /* waitq, argbuf */
	struct fuse_mount *fm;
};

struct fuse_args_5_10 {
	__u64 nodeid;
	__u32 opcode;
	SKIP(4);    /* numbers of arguments */
	__u8 flags; /* the first bit is "force" */
	SKIP(7);
	struct {
		__u64 size;
		const void *value;
	} in_args[3];
	SKIP(40); /* out_args, end */
};

struct fuse_read_in_5_10 {
	__u64 fh;
	__u64 offset;
	__u32 size;
};

/* struct fuse_io_args, from its member ap.args on: what is before it differs between releases. */
struct fuse_io_tail_5_10 {
	struct fuse_args_5_10 args;
	SKIP(16); /* pages, descs */
	__u32 num_pages;
	SKIP(4);
	struct fuse_io_priv *io;
};

struct fuse_io_priv_5_10 {
	SKIP(48);
	struct kiocb *iocb;
};

/*
 * The bits of struct fuse_conn that tell what was negotiated, from the byte of the first one on.
 * Where each is, the machine code tells that sets it in process_init_reply() (fs/fuse/inode.c):
 * FUSE_WRITEBACK_CACHE bit 6 at 301, FUSE_BIG_WRITES bit 2 at 304, FUSE_ASYNC_DIO bit 3 at 305.
 */
struct fuse_negotiated_5_10 {
	__u8 : 6, writeback_cache : 1;
	SKIP(2);
	__u8 : 2, big_writes : 1, : 5;
	__u8 : 3, async_dio : 1;
};

struct fuse_conn_5_10 {
	SKIP(40);
	struct pid_namespace *pid_ns;
	SKIP(8); /* user_ns */
	unsigned int max_read;
	unsigned int max_write;
	unsigned int max_pages;
	SKIP(4);
	struct {
		SKIP(40);
		struct list_head pending;
		SKIP(80);
	} iq;
	SKIP(16); /* khctr, polled_files */
	unsigned int max_background;
	unsigned int congestion_threshold;
	unsigned int num_background;
	SKIP(24); /* of the background queue */
	int initialized;
	int blocked;
	SKIP(33); /* its wait queue, lock, abort, ... */
	struct fuse_negotiated_5_10 negotiated;
	SKIP(2); /* the last of the bits */
	struct {
		int counter;
	} num_waiting;
	SKIP(24); /* minor, entry */
	__u32 dev;
};
_Static_assert(offsetof(struct fuse_conn_5_10, negotiated) == 301, "as in the machine code");
_Static_assert(sizeof(struct fuse_negotiated_5_10) == 5, "as in the machine code");
_Static_assert(offsetof(struct fuse_conn_5_10, num_waiting) == 308, "what fusectl shows");

struct fuse_mount_5_10 {
	struct fuse_conn *fc;
	SKIP(8); /* count */
	struct super_block *sb;
};

struct fuse_file_5_10 {
	struct fuse_mount *fm;
	SKIP(16); /* release_args, kh */
	__u64 fh;
	__u64 nodeid;
	SKIP(4); /* count */
	__u32 open_flags;
};

struct fuse_copy_state_5_10 {
	SKIP(8); /* write */
	struct fuse_req *req;
};

struct fuse_dev_5_10 {
	struct fuse_conn *fc;
	struct {
		SKIP(8); /* connected, lock */
		struct list_head *processing;
		struct list_head io;
	} pq;
};

/* The same address as a struct of 5.10. Other structs are described by every kernel. */
#define OF_5_10(pointer)                                                                           \
	_Generic((pointer),                                                                        \
		struct fuse_req *: (struct fuse_req_5_10 *)(pointer),                              \
		struct fuse_args *: (struct fuse_args_5_10 *)(pointer),                            \
		struct fuse_read_in *: (struct fuse_read_in_5_10 *)(pointer),                      \
		struct fuse_io_priv *: (struct fuse_io_priv_5_10 *)(pointer),                      \
		struct fuse_conn *: (struct fuse_conn_5_10 *)(pointer),                            \
		struct fuse_mount *: (struct fuse_mount_5_10 *)(pointer),                          \
		struct fuse_file *: (struct fuse_file_5_10 *)(pointer),                            \
		struct fuse_copy_state *: (struct fuse_copy_state_5_10 *)(pointer),                \
		struct fuse_dev *: (struct fuse_dev_5_10 *)(pointer),                              \
		default: (pointer))

/* Whether a pointer is to one of them. */
#define IS_OF_FUSE(pointer)                                                                        \
	_Generic((pointer),                                                                        \
		struct fuse_req *: true,                                                           \
		struct fuse_args *: true,                                                          \
		struct fuse_read_in *: true,                                                       \
		struct fuse_io_priv *: true,                                                       \
		struct fuse_conn *: true,                                                          \
		struct fuse_mount *: true,                                                         \
		struct fuse_file *: true,                                                          \
		struct fuse_copy_state *: true,                                                    \
		struct fuse_dev *: true,                                                           \
		default: false)

#endif
