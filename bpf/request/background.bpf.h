/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests in the background queue, by address of the struct fuse_args. A thread of the daemon may
 * send them, when an earlier one has ended (flush_bg_queue(), fs/fuse/dev.c): what their sender
 * could not tell any more is noted when they are allocated, where that is hooked.
 *
 * A request that was refused, which a kprobe does not see, leaves its note behind: the next one at
 * that address sets it right.
 */
#ifndef FUSESCOPE_BACKGROUND_BPF_H
#define FUSESCOPE_BACKGROUND_BPF_H

#include "bpf/count/counters.bpf.h"
#include "bpf/request/data_request.bpf.h"

static __always_inline void note_background(__u64 args_address, const struct background_note *note)
{
	if (bpf_map_update_elem(&backgrounds, &args_address, note, BPF_ANY))
		count_lost(FUSESCOPE_LOST_INFLIGHT_FULL);
}

/* What was noted of a background request that is sent now; null: nothing. */
static __always_inline const struct background_note *noted_background(struct fuse_req *req,
								      __u32 opcode)
{
	__u64 args_address = READ_ADDRESS(req, args);

	/* Where requesters are not told apart, only of those that a buffered call waits for. */
	if (!tells_requesters &&
	    (!calls_are_hooked || opcode != FUSE_READ || io_of(READ_FIELD(req, args))))
		return NULL;
	return bpf_map_lookup_elem(&backgrounds, &args_address);
}

static __always_inline void forget_background(__u64 args_address)
{
	bpf_map_delete_elem(&backgrounds, &args_address);
}

#endif
