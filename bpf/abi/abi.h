/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * All that crosses between the kernel side and user space, compiled by both: keys, values,
 * enumerations and limits. Nothing here is mirrored by hand anywhere else.
 */
#ifndef FUSESCOPE_ABI_H
#define FUSESCOPE_ABI_H

#include <linux/types.h>

#define FUSESCOPE_MAX_MOUNTS	 64 /* connections with counters of their own */
#define FUSESCOPE_OTHER_MOUNT	 64 /* index of all connections beyond them, together */
#define FUSESCOPE_MOUNT_ROWS	 65
#define FUSESCOPE_MAX_OPCODES	 64   /* opcodes from 63 on share the last one */
#define FUSESCOPE_DURATION_ROWS	 1024 /* (mount, opcode) pairs, but READ and WRITE */
#define FUSESCOPE_ERROR_ROWS	 4096 /* (mount, opcode, errno) */
#define FUSESCOPE_INFLIGHT_SLOTS 65536
#define FUSESCOPE_CALL_SLOTS	 8192
#define FUSESCOPE_MAX_PROCESSES	 8192  /* with counters of their own, for top */
#define FUSESCOPE_MAX_FOLLOWED	 65536 /* processes whose requests alone are counted */
#define FUSESCOPE_PROBE_LENGTH	 8     /* neighbours tried when a slot is taken */
#define FUSESCOPE_MAX_SEGMENTS	 1024  /* UIO_MAXIOV, include/uapi/linux/uio.h */
#define FUSESCOPE_LIST_LENGTH	 128   /* requests of one list of the kernel that are looked at */
#define FUSESCOPE_MAX_LISTED	 4096  /* of all such lists together, that were not seen sent */

/*
 * Histogram slots. Slot i of a count holds values v with ceil(log2 v) == i; the last slot holds
 * all larger ones. "Requests per call" has one more in front, for calls without any request.
 */
#define FUSESCOPE_COUNT_SLOTS	 18 /* 1, 2, 4 ... 65536, +Inf */
#define FUSESCOPE_REQUESTS_SLOTS 19 /* 0, 1, 2, 4 ... 65536, +Inf */
#define FUSESCOPE_DURATION_SLOTS 28 /* 2^0 ... 2^26 microseconds, +Inf */

enum fusescope_op {
	FUSESCOPE_READ,
	FUSESCOPE_WRITE,
	FUSESCOPE_OPS,
};

enum fusescope_mode {
	FUSESCOPE_DIRECT, /* does not go through the page cache: O_DIRECT or FOPEN_DIRECT_IO */
	FUSESCOPE_BUFFERED,
	FUSESCOPE_MODES,
};

/* Who sent a data request. */
enum fusescope_origin {
	FUSESCOPE_ORIGIN_CALL,
	FUSESCOPE_ORIGIN_READAHEAD,
	FUSESCOPE_ORIGIN_WRITEBACK,
	FUSESCOPE_ORIGIN_OTHER,
	FUSESCOPE_ORIGINS,
};

/* Of a request's time. */
enum fusescope_phase {
	FUSESCOPE_PHASE_BLOCKED, /* its thread waits because max_background are in use */
	FUSESCOPE_PHASE_QUEUED,	 /* sent until the daemon takes it */
	FUSESCOPE_PHASE_SERVICE, /* taken until it has ended */
	FUSESCOPE_PHASES,
};

/* Why a data request was closed before its call was done: cause.h. */
enum fusescope_cause {
	FUSESCOPE_CAUSE_UNKNOWN,
	FUSESCOPE_CAUSE_UNMERGED,
	FUSESCOPE_CAUSE_SHORT_REPLY,
	FUSESCOPE_CAUSE_PAGE_SLOTS,
	FUSESCOPE_CAUSE_MAX_PAGES,
	FUSESCOPE_CAUSE_MAX_READ,
	FUSESCOPE_CAUSE_MAX_WRITE,
	FUSESCOPE_CAUSE_NO_BIG_WRITES,
	FUSESCOPE_CAUSE_READAHEAD_WINDOW,
	FUSESCOPE_CAUSE_PARTIAL_PAGE,
	FUSESCOPE_CAUSE_PIPE,
	FUSESCOPE_CAUSES,
};

/* What could not be seen or kept; every one is a count, none is silent. */
enum fusescope_lost {
	FUSESCOPE_LOST_INFLIGHT_FULL,  /* no slot for a request: it has no duration and no call */
	FUSESCOPE_LOST_CALLS_FULL,     /* no slot for a call of several requests */
	FUSESCOPE_LOST_CALL_BEGINNING, /* request of a call whose first request was not seen */
	FUSESCOPE_LOST_UNMATCHED_END,  /* end of a request whose sending was not seen */
	FUSESCOPE_LOST_NEVER_ENDED,    /* request whose memory was reused without an end */
	FUSESCOPE_LOST_DURATION_ROWS,  /* duration that no histogram was left for */
	FUSESCOPE_LOST_CALL_END,       /* call whose function was not seen to return */
	FUSESCOPE_LOST_GUARD_BUSY,     /* step given up: its guard was held too long, before 5.12 */
	FUSESCOPE_LOST_PROCESS,	       /* process that no room was left for: not followed */
	FUSESCOPE_LOST_KILLED,	   /* request taken back: its thread was killed before the reply */
	FUSESCOPE_LOST_UNMOUNTED,  /* request in flight on a connection that is gone */
	FUSESCOPE_LOST_ERROR_ROWS, /* error reply that no counter was left for */
	FUSESCOPE_LOSSES,
};

/* What was counted, but not in the ordinary way. */
enum fusescope_note {
	FUSESCOPE_NOTE_INFLIGHT_COLLISION, /* a request that did not get the first slot it tried */
	FUSESCOPE_NOTE_CALL_ESTIMATED,	   /* bytes asked for taken from the requests */
	FUSESCOPE_NOTES,
};

/* What a connection negotiated, in bytes and pages: struct fuse_conn, fs/fuse/fuse_i.h. */
struct fusescope_limits {
	__u32 max_read;
	__u32 max_write;
	__u32 max_pages;
	__u32 max_background;
	__u32 congestion_threshold;
	__u32 background; /* requests that count against max_background, now */
	__u8 initialized; /* INIT was answered: the numbers above are final */
	__u8 io_uring;	  /* requests travel over io_uring */
	__u8 big_writes;  /* a buffered write may carry more than one page */
	__u8 async_dio;	  /* direct requests of one call are sent together */
	__u8 writeback_cache;
	__u8 padding[3];
};

/* Values of an address in a slot that are none. */
#define FUSESCOPE_TOMBSTONE    1ULL /* a connection's slot that was given back: search on */
#define FUSESCOPE_RETIRED      2ULL /* bit: the connection is gone, its memory is another's now */
#define FUSESCOPE_BEING_FILLED 1ULL /* bit: a request's slot that is not complete yet */

/* A connection that sent a request, in the slot that is also the index of its counters. */
struct fusescope_connection {
	__u64 address; /* of the struct fuse_conn; 0: free */
	__u64 refreshed_ns;
	__u64 claimed_ns; /* when the slot became this connection's */
	__u32 device;	  /* fuse_conn.dev: the st_dev that mountinfo shows, major << 20 | minor */
	__u32 waiting;	  /* its num_waiting; read when user space looks, and only then */
	struct fusescope_limits limits;
};

/* One open /dev/fuse, as the iterator over open files writes it. */
struct fusescope_device_record {
	__u64 address; /* of the struct fuse_conn */
	__u32 device;
	__u32 daemon_pid;
	__u32 waiting; /* num_waiting: what waits for a reply, or for its turn */
	__u32 padding;
	struct fusescope_limits limits;
};

/* A request that lies in one of the kernel's lists of a connection. */
struct fusescope_listed {
	__u64 connection; /* address of the struct fuse_conn */
	__u64 request;	  /* address of the struct fuse_req */
};

enum fusescope_part {
	FUSESCOPE_PART_NONE,   /* not part of an I/O call */
	FUSESCOPE_PART_WHOLE,  /* the only request that its call needs */
	FUSESCOPE_PART_OF_CALL /* one of several: see the call's slot */
};

/* A request in flight. One cache line. */
struct fusescope_inflight {
	__u64 request; /* address of the struct fuse_req; 0: free */
	__u64 sent_ns;
	__u64 asked_bytes; /* whole calls: bytes that the call asked for */
	__u32 segments;	   /* whole calls: segments of the call */
	__u32 call_slot;
	__u32 call_generation;
	__u32 bytes;
	__u16 mount;
	__u16 opcode;
	__u8 part; /* enum fusescope_part */
	__u8 op;
	__u8 mode;
	__u8 background; /* queued by fuse_simple_background(): nobody waits for its reply */
	__u64 taken_ns;	 /* 0: not yet, or not seen */
	__u64 sender;	 /* the thread that sent it: process id << 32 | thread id, of the host */
};

/* The latest data request of a call: what tells why it was closed, if another one follows. */
struct fusescope_latest_request {
	__u32 bytes;
	__u32 pages;	     /* page slots that it occupies */
	__u32 window_left;   /* of the file's readahead window, behind it; ~0: not known */
	__u16 begin_in_page; /* its offset in the file, from the beginning of the page */
	__u8 mode;
	__u8 padding;
};

/* What one call is, for that question. */
struct fusescope_call_kind {
	__u8 op;
	__u8 mode;
	__u8 in_pieces; /* a copy by the kernel, through a pipe: splice, sendfile, copy_file_range
			 */
	__u8 padding;
};

/* Of one call, the data requests that another one followed, by why each of them was closed. */
struct fusescope_closed {
	__u32 requests[FUSESCOPE_CAUSES];
};

/* An I/O call that needs more than one request, or whose end is not known beforehand. */
struct fusescope_call {
	__u64 key; /* direct: its struct fuse_io_priv; buffered: its task or io_kiocb; 0: free */
	__u64 signature;   /* tells two buffered calls of one task apart */
	__u64 asked_bytes; /* ~0: not known */
	__u64 sent_bytes;
	__u64 last_ns;	   /* of the latest send or end */
	__u64 next_offset; /* behind the latest request */
	__u64 task_ios;	   /* syscr + syscw of the task during the call */
	__u32 tid;
	__u32 generation;
	__u32 pending; /* requests in flight */
	__u32 requests;
	__u32 segments;
	struct fusescope_latest_request latest;
	struct fusescope_call_kind kind;
	__u16 mount;
	__u8 ends_with_task_io; /* the system call bumps task_ios when it returns */
	__u8 background;	/* its requests do not wait for each other */
	__u32 process;		/* whose call it is */
	__u64 closing;		/* 1: being filled or closed by one CPU */
	__u64 first_ns;		/* when its first request was sent */
	__u64 begin; /* file offset of the call; of its first request where that is not known */
	/* Here begins the third cache line, which only split calls touch. */
	struct fusescope_closed closed;
	__u8 unused[64 - sizeof(struct fusescope_closed)];
};

/*
 * The counters that most requests touch come first, side by side: what a counter costs is mostly
 * the cache line that it is in. Sums that follow from other counters are not kept: see
 * agent/model/stats.h.
 */
struct fusescope_io_stats {
	__u64 bytes;
	__u64 extra_segments; /* beyond the first of each call */
	__u64 requests[FUSESCOPE_REQUESTS_SLOTS];
	__u64 splits[FUSESCOPE_CAUSES];
	__u64 extra_requests[FUSESCOPE_CAUSES]; /* beyond the first of each call */
	__u64 needed_extra_requests; /* of these, as many as the calls need on any mount: minimum.h
				      */
	__u64 most_requests;	     /* of one call; no sum, and kept for followed processes only */
};

struct fusescope_data_stats {
	__u64 bytes;
	__u64 extra_pages; /* beyond the first of each request */
	__u64 origins[FUSESCOPE_ORIGINS];
	__u64 pages[FUSESCOPE_COUNT_SLOTS];
};

struct fusescope_duration_stats {
	__u64 sum_ns;
	__u64 slots[FUSESCOPE_DURATION_SLOTS];
};

/* All that READ, or WRITE, changes. */
struct fusescope_op_stats {
	struct fusescope_data_stats data;
	struct fusescope_duration_stats duration;
	struct fusescope_io_stats io[FUSESCOPE_MODES];
};

/* Error replies to one opcode of one mount, by errno: the first free row was taken for them. */
struct fusescope_error_row {
	__u64 key; /* FUSESCOPE_ERROR_KEY(); 0: free */
	__u64 count;
};
#define FUSESCOPE_ERROR_KEY(mount, opcode, error)                                                  \
	(1ULL << 63 | (__u64)(mount) << 40 | (__u64)(opcode) << 32 | (__u32)(error))
#define FUSESCOPE_ERROR_MOUNT(key)  ((key) >> 40 & 0xff)
#define FUSESCOPE_ERROR_OPCODE(key) ((key) >> 32 & 0xff)
#define FUSESCOPE_ERROR_NUMBER(key) ((key) & 0xffffffff)

/* Counters of one mount on one CPU. Never reset: user space subtracts. */
struct fusescope_mount_stats {
	struct fusescope_op_stats ops[FUSESCOPE_OPS];
	struct fusescope_duration_stats phases[FUSESCOPE_PHASES];
	__u64 sent_others; /* requests other than READ and WRITE, which are counted by origin */
	__u64 interrupted; /* requests that had ended, and that a signal had interrupted */
	__u64 blocked_ns; /* in which a thread was in the phase "blocked"; not those that are now */
};

/* Threads of one mount that are in the phase "blocked" now. */
struct fusescope_blocked {
	__u64 threads;
	__u64 since_ns; /* when the first of them came; 0: there is none */
};

/* What one process did, on whatever mounts. */
struct fusescope_process_stats {
	char command[16]; /* empty: its thread was not seen to run */
	__u64 mount;	  /* row of its latest request or call */
	__u64 bytes;	  /* carried by its data requests that have ended */
	__u64 taken;	  /* of its requests, those whose taking was seen; and their phases: */
	__u64 queued_ns;
	__u64 service_ns;
	struct fusescope_duration_stats duration;
	struct fusescope_io_stats io[FUSESCOPE_OPS][FUSESCOPE_MODES];
};

struct fusescope_self_stats {
	__u64 lost[FUSESCOPE_LOSSES];
	__u64 notes[FUSESCOPE_NOTES];
	__u64 duration_rows_used;
	__u64 blocked_threads; /* of all mounts */
};

#ifdef __cplusplus
#define FUSESCOPE_ASSERT static_assert
#else
#define FUSESCOPE_ASSERT _Static_assert
#endif
FUSESCOPE_ASSERT(sizeof(struct fusescope_inflight) == 64, "one cache line");
FUSESCOPE_ASSERT(sizeof(struct fusescope_connection) == 64, "one cache line");
FUSESCOPE_ASSERT(sizeof(struct fusescope_latest_request) == 16, "no padding");
FUSESCOPE_ASSERT(__builtin_offsetof(struct fusescope_call, closed) == 128, "two cache lines");
FUSESCOPE_ASSERT(sizeof(struct fusescope_call) == 192, "three cache lines");
FUSESCOPE_ASSERT(sizeof(struct fusescope_limits) == 32, "same layout on both sides");
FUSESCOPE_ASSERT(sizeof(struct fusescope_device_record) == 56, "same layout on both sides");

#endif
