/* SPDX-License-Identifier: GPL-2.0 */
/* Requests in flight: slots of an array, found by the address of the request. */
#ifndef FUSESCOPE_INFLIGHT_BPF_H
#define FUSESCOPE_INFLIGHT_BPF_H

#include "bpf/count/counters.bpf.h"
#include "bpf/kernel/atomic.bpf.h"

#define INFLIGHT_SLOT_MASK (FUSESCOPE_INFLIGHT_SLOTS - 1)

static __always_inline __u32 inflight_hash(__u64 request)
{
	return request * HASH_FACTOR >> 40;
}

static __always_inline struct fusescope_inflight *inflight_at(__u32 index)
{
	return bpf_map_lookup_elem(&inflight, &index);
}

/* The first free slot of FUSESCOPE_PROBE_LENGTH neighbours, or FUSESCOPE_INFLIGHT_SLOTS. */
CHECKED_ONCE __u32 claim_inflight(__u64 request)
{
	__u32 first = inflight_hash(request);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & INFLIGHT_SLOT_MASK;
		struct fusescope_inflight *slot = inflight_at(index);

		if (!slot)
			break;
		if (slot->request == request) {
			/* Killed before the daemon read it: such a request has no end. */
			count_lost(FUSESCOPE_LOST_NEVER_ENDED);
			slot->request = request | FUSESCOPE_BEING_FILLED;
			return index;
		}
		if (slot->request == 0 &&
		    compare_and_set(&slot->request, 0, request | FUSESCOPE_BEING_FILLED)) {
			if (i)
				count_note(FUSESCOPE_NOTE_INFLIGHT_COLLISION);
			return index;
		}
	}
	count_lost(FUSESCOPE_LOST_INFLIGHT_FULL);
	return FUSESCOPE_INFLIGHT_SLOTS;
}

/* The slot of a request, or FUSESCOPE_INFLIGHT_SLOTS; also of one that is BEING_FILLED. */
CHECKED_ONCE __u32 find_inflight(__u64 request)
{
	__u32 first = inflight_hash(request & ~FUSESCOPE_BEING_FILLED);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & INFLIGHT_SLOT_MASK;
		struct fusescope_inflight *slot = inflight_at(index);

		if (slot && slot->request == request)
			return index;
	}
	return FUSESCOPE_INFLIGHT_SLOTS;
}

/* A request that is not followed has the memory of one that was: that one never ended. */
static __always_inline void forget_inflight(__u64 request)
{
	struct fusescope_inflight *slot = inflight_at(find_inflight(request));

	if (!slot)
		return;
	count_lost(FUSESCOPE_LOST_NEVER_ENDED);
	slot->request = 0;
}

#endif
