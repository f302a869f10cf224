/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel structs and fields that are read, and no others; CO-RE finds their true offsets at
 * load time. Where kernels differ, a comment names the change.
 */
#ifndef FUSESCOPE_KERNEL_FUSE_H
#define FUSESCOPE_KERNEL_FUSE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* --- tasks and their open files --- */
struct upid {
	int nr;
};

struct pid {
	struct upid numbers[1];
};

struct pid_namespace {
	unsigned int level;
};

struct task_io_accounting {
	__u64 syscr;
	__u64 syscw;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct thread_info {
	__u32 status;
};

struct mm_struct {
	struct task_struct *owner; /* with CONFIG_MEMCG */
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int pid;
	int tgid;
	char comm[16];
	void *stack;
	struct pid *thread_pid;
	struct mm_struct *mm;
	struct files_struct *files;
	struct task_io_accounting ioac;
	void *worker_private; /* an io_uring worker's struct io_worker */
};

/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long r10;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
};

/* --- files --- */
struct backing_dev_info {
	unsigned long io_pages; /* the most that force_page_cache_ra() reads at once, if more */
};

struct super_block {
	__u32 s_dev;
	unsigned long s_magic;
	struct backing_dev_info *s_bdi;
};

struct inode {
	unsigned short i_mode;
	__u32 i_rdev;
	struct super_block *i_sb;
	long long i_size;
};

struct file_ra_state {
	unsigned int size;     /* pages of the present window */
	unsigned int ra_pages; /* the most that it has; 0: read_ahead_kb is 0 */
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	struct inode *f_inode;
	struct path f_path;
	void *private_data;
	unsigned int f_mode;
	unsigned int f_flags;
	long long f_pos;
	struct file_ra_state f_ra;
};

/* The other end of splice(2): include/linux/pipe_fs_i.h */
struct pipe_inode_info {
	unsigned int max_usage; /* pages that may be in it */
};

struct kiocb {
	struct file *ki_filp;
	long long ki_pos;
	void *ki_complete; /* null: synchronous, is_sync_kiocb() in include/linux/fs.h */
	int ki_flags;
};

/* include/linux/uio.h: ask CO-RE for the value */
enum iter_type {
	ITER_IOVEC,
	ITER_PIPE, /* before 6.5 */
};

struct iov_iter {
	__u8 iter_type;
	size_t count; /* not yet got */
	unsigned long nr_segs;
};

/* Before 8cd54c1c8480 ("iov_iter: separate direction from flavour"), 5.14: a bit mask. */
struct iov_iter___bits {
	unsigned int type;
};

/* lib/iov_iter.c, iov_iter_save_state() */
struct iov_iter_state {
	size_t count;
};

/* --- asynchronous I/O: fs/aio.c --- */
struct io_event___kernel { /* a flavor, beside the one of linux/aio_abi.h */
	__u64 obj;	   /* user address of the struct iocb */
};

struct aio_kiocb {
	struct kiocb rw;
	struct io_event___kernel ki_res;
};

/* --- io_uring: io_uring/rw.h, io_uring/io-wq.c --- */
struct io_rw {
	struct kiocb kiocb; /* its ki_pos moves on with the bytes that were got */
	__u32 len;	    /* of the submission: bytes, or segments if vectored */
};

struct io_wq_work {
	int cancel_seq;
};

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	void *async_data;
	struct io_wq_work work;
};

struct io_async_rw {
	size_t bytes_done; /* by earlier tries */
	struct iov_iter iter;
	struct iov_iter_state iter_state;
};

struct io_ring_ctx {
	unsigned int flags;
	__u32 *sq_array;
	struct io_uring_sqe *sq_sqes;
	unsigned int cached_sq_head; /* behind the entry that is being submitted */
	unsigned int sq_entries;
};

struct io_worker {
	struct io_wq_work *cur_work;
};

/* --- FUSE: fs/fuse/fuse_i.h, fs/fuse/fuse_dev_i.h --- */
struct fuse_in_header {
	__u32 opcode;
	__u64 unique; /* 0 until it is sent */
	__u64 nodeid;
	__u32 pid;
};

struct fuse_out_header {
	__u32 len;
	__s32 error;
};

struct fuse_in_arg {
	const void *value;
};

struct fuse_args {
	__u64 nodeid;
	__u32 opcode;
	bool force : 1;
	struct fuse_in_arg in_args[1];
};

/* num_folios since 68bfb7eb7f7d ("fuse: remove pages for requests and exclusively use folios"),
 * num_pages before. */
struct fuse_args_pages {
	struct fuse_args args;
	unsigned int num_folios;
};

struct fuse_args_pages___before_folios {
	unsigned int num_pages;
};

/* READ and WRITE keep file handle, offset and size at the same place: include/uapi/linux/fuse.h */
struct fuse_read_in {
	__u64 fh;
	__u64 offset;
	__u32 size;
};

struct fuse_io_priv {
	int async;
	struct kiocb *iocb;
};

struct fuse_io_args {
	struct fuse_args_pages ap;
	struct fuse_io_priv *io;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

/* Requests that the daemon has not taken. */
struct fuse_iqueue {
	struct list_head pending;
};

/* Requests that it has taken: FUSE_PQ_HASH_SIZE lists, and those that are being copied. */
struct fuse_pqueue {
	struct list_head *processing;
	struct list_head io;
};

/* FUSE over io_uring, since 6.14: fs/fuse/dev_uring_i.h */
struct fuse_ring_ent {
	struct list_head list;
	struct fuse_req *fuse_req;
};

struct fuse_ring_queue {
	struct list_head ent_w_req_queue;
	struct list_head fuse_req_queue;
	struct fuse_pqueue fpq;
};

struct fuse_ring {
	unsigned long nr_queues;
	struct fuse_ring_queue **queues;
};

struct fuse_conn {
	struct pid_namespace *pid_ns;
	struct fuse_iqueue iq;
	struct list_head devices; /* struct fuse_dev.entry; of virtiofs one for each queue */
	struct fuse_ring *ring;
	unsigned int max_read;
	unsigned int max_write;
	unsigned int max_pages;
	unsigned int max_background;
	unsigned int congestion_threshold;
	unsigned int num_background;
	int initialized;
	int blocked;
	unsigned int writeback_cache : 1;
	unsigned int big_writes : 1;
	unsigned int async_dio : 1;
	__u32 dev;	       /* before 5.11: that of the superblock */
	unsigned int io_uring; /* since 6.14; on 7.2 of the channel */
	struct {
		int counter;
	} num_waiting; /* atomic_t */
};

struct fuse_mount {
	struct fuse_conn *fc;
	struct super_block *sb;
};

struct fuse_file {
	struct fuse_mount *fm;
	__u64 fh;
	__u64 nodeid;
	__u32 open_flags;
};

struct fuse_req {
	struct fuse_args *args;
	unsigned long flags;
	struct {
		struct fuse_in_header h;
	} in;
	struct {
		struct fuse_out_header h;
	} out;
	struct fuse_mount *fm;
};

/* --- the transport of a connection, a struct of its own on 7.2 --- */
struct fuse_chan {
	struct fuse_conn *conn;
	unsigned int max_background;
	unsigned int num_background;
	int initialized;
	int blocked;
	unsigned int io_uring;
	struct {
		int counter;
	} num_waiting;
	struct fuse_iqueue iq;
	struct list_head devices;
	struct fuse_ring *ring;
};

struct fuse_req___channel {
	struct fuse_chan *chan;
};

struct fuse_conn___channel {
	struct fuse_chan *chan;
};

struct fuse_dev___channel {
	struct fuse_chan *chan;
};

/* Copies a request to the daemon, and its reply back: fuse_copy_args(). */
struct fuse_copy_state {
	struct fuse_req *req;
};

struct fuse_dev {
	struct fuse_conn *fc;
	struct fuse_pqueue pq;
	struct list_head entry;
};

/* enum fuse_req_flag, fs/fuse/fuse_dev_i.h: ask CO-RE for the value */
enum fuse_req_flag {
	FR_BACKGROUND,
	FR_INTERRUPTED,
	FR_FINISHED,
};

/* --- the iterator over open files: kernel/bpf/task_iter.c --- */
struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
