/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How maps are declared, those that user space reads, and every knob that it sets before load.
 * Weak: each object file sees them. Maps that only the kernel side knows are beside their
 * functions.
 */
#ifndef FUSESCOPE_MAPS_BPF_H
#define FUSESCOPE_MAPS_BPF_H

#include "bpf/abi/abi.h"
#include "bpf/kernel/kernel_fuse.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* In each object file: the helpers that read kernel memory are for such programs only. */
static const char program_license[] SEC("license") __attribute__((used)) = "GPL";

/* Set by user space: sysconf(_SC_PAGESIZE). */
const volatile __u32 page_shift __weak = 12;

/*
 * Set by user space, also while programs run: the bytes of the largest request that a connection of
 * this host can negotiate. fs.fuse.max_pages_limit can be changed at any time.
 */
volatile __u64 host_request_bytes __weak = 1 << 20;

/*
 * Set by user space before it walks: whether waiting.bpf.h lists the requests of each connection.
 * What it sets to 0 then, and reads afterwards: how many there are in the map "listed"; whether a
 * list changed while it was read, so that some may be missing; the connection listed last.
 */
volatile bool lists_requests __weak = false;
volatile bool listing_is_cut __weak = false;
volatile __u32 listed_count __weak = 0;
volatile __u64 listed_connection __weak = 0;

/* Set by user space: whether the functions of a call are hooked, and whether call_frame.bpf.h keeps
 * the calls of a thread by its id. */
const volatile bool calls_are_hooked __weak = false;
const volatile bool calls_by_thread_id __weak = false;

/* Set by user space: whether the function that a blocked thread waits in is seen to return. */
const volatile bool blocked_is_hooked __weak = false;

/* Set by user space: whether only the requests of followed.bpf.h's processes are counted. */
const volatile bool follows_processes __weak = false;

/* Set by user space: whether trace.bpf.h tells of each call or request. */
const volatile bool traces __weak = false;
/* Set by user space: whether process_stats.bpf.h counts by process as well. */
const volatile bool counts_processes __weak = false;

/* Set by user space: whether programs may read the memory of the current task. */
const volatile bool user_memory_is_readable __weak = true;

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

/* User space reads these in place: no system call for each slot. */
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

SHARED_MAP(calls, BPF_MAP_TYPE_ARRAY, FUSESCOPE_CALL_SLOTS, struct fusescope_call, 0);

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

/* The place of a row of this CPU; programs are not moved to another CPU while they run. */
static __always_inline __u32 row_of_this_cpu(__u32 row, __u32 rows)
{
	return row < rows ? bpf_get_smp_processor_id() * rows + row : ~0U;
}

static __always_inline struct fusescope_mount_stats *stats_of_mount(__u32 mount)
{
	__u32 place = row_of_this_cpu(mount, FUSESCOPE_MOUNT_ROWS);

	return bpf_map_lookup_elem(&mount_stats, &place);
}

/* A part of the caller's iovec array: small enough to stay in the cache from one use to the next.
 */
#define IOVEC_PART 64

struct iovec_part {
	struct {
		__u64 base;
		__u64 length;
	} segments[IOVEC_PART];
};
SHARED_MAP(iovec_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, 1, struct iovec_part, 0);

/* Spreads keys over slots, and values over signatures: 2^64 divided by the golden ratio. */
#define HASH_FACTOR 0x9E3779B97F4A7C15ULL

/*
 * A global function: the verifier checks it once by itself, instead of walking through it from
 * every place and in every state in which it is called. Loops belong in such functions.
 */
#ifdef FUSESCOPE_GUARDED_WORDS
#define CHECKED_ONCE static __noinline /* not the same function as in the other programs */
#else
#define CHECKED_ONCE __noinline __weak
#endif

/*
 * All counters are added to atomically: a program can be preempted by another one on its CPU
 * (fentry and system call programs only disable migration), and the settler counts too.
 */
static __always_inline void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static __always_inline struct fusescope_self_stats *self(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&self_stats, &zero);
}

static __always_inline void count_lost(enum fusescope_lost reason)
{
	struct fusescope_self_stats *stats = self();

	if (stats)
		add(&stats->lost[reason], 1);
}

static __always_inline void count_note(enum fusescope_note note)
{
	struct fusescope_self_stats *stats = self();

	if (stats)
		add(&stats->notes[note], 1);
}

#endif
