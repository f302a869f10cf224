/* SPDX-License-Identifier: GPL-2.0 */
/* Every map. Weak: each object file sees them. User space sets the sizes (agent/probe/loader.cc).
 */
#ifndef FUSESCOPE_MAPS_BPF_H
#define FUSESCOPE_MAPS_BPF_H

#include "bpf/values.bpf.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define SHARED_MAP(name, map_type, entries, value_type, flags)                                     \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__uint(map_flags, flags);                                                          \
		__type(key, __u32);                                                                \
		__type(value, value_type);                                                         \
	} name SEC(".maps") __weak

/* Keys are addresses, or ids of threads or processes. */
#define HASH_MAP(name, entries, value_type)                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, entries);                                                      \
		__type(key, __u64);                                                                \
		__type(value, value_type);                                                         \
	} name SEC(".maps") __weak

/* --- read by user space in place: no system call for each slot --- */

SHARED_MAP(connections, BPF_MAP_TYPE_ARRAY, FUSESCOPE_MAX_MOUNTS, struct fusescope_connection,
	   BPF_F_MMAPABLE);
SHARED_MAP(inflight, BPF_MAP_TYPE_ARRAY, FUSESCOPE_INFLIGHT_SLOTS, struct fusescope_inflight,
	   BPF_F_MMAPABLE);
SHARED_MAP(duration_rows, BPF_MAP_TYPE_ARRAY, FUSESCOPE_MOUNT_ROWS *FUSESCOPE_MAX_OPCODES, __u64,
	   BPF_F_MMAPABLE);
SHARED_MAP(error_rows, BPF_MAP_TYPE_ARRAY, FUSESCOPE_ERROR_ROWS, struct fusescope_error_row,
	   BPF_F_MMAPABLE);
SHARED_MAP(blocked, BPF_MAP_TYPE_ARRAY, FUSESCOPE_MOUNT_ROWS, struct fusescope_blocked,
	   BPF_F_MMAPABLE);
SHARED_MAP(listed, BPF_MAP_TYPE_ARRAY, FUSESCOPE_MAX_LISTED, struct fusescope_listed,
	   BPF_F_MMAPABLE);
SHARED_MAP(self_stats, BPF_MAP_TYPE_ARRAY, 1, struct fusescope_self_stats, BPF_F_MMAPABLE);

/*
 * The rows of each CPU after those of the one before; user space sets the number of entries. No
 * arrays of the kernel's per-CPU kind: a thread that is preempted while it looks into one by bpf(2)
 * keeps all programs on kprobes from running on its CPU (bpf_disable_instrumentation(),
 * include/linux/bpf.h).
 */
SHARED_MAP(mount_stats, BPF_MAP_TYPE_ARRAY, FUSESCOPE_MOUNT_ROWS, struct fusescope_mount_stats,
	   BPF_F_MMAPABLE);
SHARED_MAP(durations, BPF_MAP_TYPE_ARRAY, FUSESCOPE_DURATION_ROWS, struct fusescope_duration_stats,
	   BPF_F_MMAPABLE);

/* --- requests --- */

HASH_MAP(backgrounds, 16384, struct background_note);	 /* by address of the struct fuse_args */
HASH_MAP(blocked_threads, 16384, struct blocked_thread); /* by pid_tgid */

/* By process id of the host (tgid). */
HASH_MAP(followed_processes, FUSESCOPE_MAX_FOLLOWED, __u32);

/* --- calls whose functions are hooked --- */

/* It goes when its thread goes, and is found without a search. Linux 5.11. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_calls);
} calls_of_task SEC(".maps") __weak;

/* By pid_tgid, for programs that have no typed pointer to their thread. */
HASH_MAP(calls_of_thread, THREADS_IN_CALLS, struct thread_calls);

/* Calls of io_uring between two tries, by kiocb: the next one can come from another thread. */
HASH_MAP(suspended_calls, CALLS_SUSPENDED, struct call_frame);

/* --- calls that are put together from their requests --- */

SHARED_MAP(calls, BPF_MAP_TYPE_ARRAY, FUSESCOPE_CALL_SLOTS, struct fusescope_call, 0);
SHARED_MAP(iovec_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 1, struct iovec_part, 0);

/* --- by process: top --- */

/* By process id of the host (tgid); 0 is the kernel itself. */
HASH_MAP(process_stats, FUSESCOPE_MAX_PROCESSES, struct fusescope_process_stats);

/* Always 0: what a process begins with, too large for a stack. */
SHARED_MAP(process_blank, BPF_MAP_TYPE_ARRAY, 1, struct fusescope_process_stats, 0);

/* --- trace --- */

/* A reservation cannot be given back on all paths that the verifier of 5.10 sees: output only. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} trace_ring SEC(".maps") __weak;

SHARED_MAP(trace_stats, BPF_MAP_TYPE_ARRAY, 1, struct fusescope_trace_stats, BPF_F_MMAPABLE);

/* The record of the call in each slot of "calls", filled as its requests come: it is too large for
 * a stack that deep in the calls of functions. */
SHARED_MAP(traced_calls, BPF_MAP_TYPE_ARRAY, FUSESCOPE_CALL_SLOTS, struct fusescope_trace_event, 0);

/* The record of the request in each slot of "inflight", filled when it is sent and when it ends. */
SHARED_MAP(traced_requests, BPF_MAP_TYPE_ARRAY, FUSESCOPE_INFLIGHT_SLOTS,
	   struct fusescope_trace_event, 0);

/* --- atomic operations of kernels before 5.12 --- */

HASH_MAP(guarded_words, 1024, __u32); /* by address of the word */

#endif
