/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every knob: what user space sets before load, and of some while programs run. Those that are
 * constants the verifier knows, so that what hangs on one that is false is not even there.
 */
#ifndef FUSESCOPE_KNOBS_BPF_H
#define FUSESCOPE_KNOBS_BPF_H

#include <linux/types.h>
#include <stdbool.h>

/* Set by user space: sysconf(_SC_PAGESIZE). */
const volatile __u32 page_shift __weak = 12;

/*
 * Set by user space, also while programs run: the bytes of the largest request that a connection of
 * this host can negotiate. fs.fuse.max_pages_limit can be changed at any time.
 */
volatile __u64 host_request_bytes __weak = 1 << 20;

/*
 * Set by user space before it walks: whether walk/waiting.bpf.h lists the requests of each
 * connection. What it sets to 0 then, and reads afterwards: how many there are in the map "listed";
 * whether a list changed while it was read, so that some may be missing; the connection listed
 * last.
 */
volatile bool lists_requests __weak = false;
volatile bool listing_is_cut __weak = false;
volatile __u32 listed_count __weak = 0;
volatile __u64 listed_connection __weak = 0;

/*
 * Set by user space: whether the functions of a call are hooked, and whether the calls of a thread
 * are kept by its id (call/hooked/call_frame.bpf.h).
 */
const volatile bool calls_are_hooked __weak = false;
const volatile bool calls_by_thread_id __weak = false;

/* Set by user space: whether the function that a blocked thread waits in is seen to return. */
const volatile bool blocked_is_hooked __weak = false;

/* Set by user space: whether only the requests of request/followed.bpf.h's processes are counted.
 */
const volatile bool follows_processes __weak = false;

/* Set by user space: whether count/trace.bpf.h tells of each call or request. */
const volatile bool traces __weak = false;

/* Set by user space: whether count/process_stats.bpf.h counts by process as well. */
const volatile bool counts_processes __weak = false;

/* Set by user space: whether one of these three is, so that programs tell whose a request is. */
const volatile bool tells_requesters __weak = false;

/* Set by user space: whether programs may read the memory of the current task. */
const volatile bool user_memory_is_readable __weak = true;

/* Set by user space: what is traced, calls or requests; and of these, 0 or false: all of them. */
const volatile bool trace_requests __weak = false;
const volatile bool trace_split_only __weak = false;
const volatile __u32 trace_device __weak = 0;
const volatile __u32 trace_process __weak = 0;
const volatile __u32 trace_own_process __weak = 0; /* whose own I/O is left out */
const volatile __u64 trace_comm[2] __weak = {0};
const volatile __u64 trace_opcodes __weak = 0; /* a bit for each; opcodes from 63 on share one */
const volatile __u64 trace_slower_ns __weak = 0;

#endif
