/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The call that a data request is of. Where its functions are hooked (hooked/), a request belongs
 * to the call that its thread is in. Else calls are put together from their requests (grouped/),
 * which takes typed pointers: without these and without hooks, no call is seen.
 */
#ifndef FUSESCOPE_CALL_BPF_H
#define FUSESCOPE_CALL_BPF_H

#include "bpf/call/grouped/call_args.bpf.h"
#include "bpf/call/hooked/hooked_call.bpf.h"

#ifdef FUSESCOPE_DIRECT_LOADS

#include "bpf/call/grouped/grouped_call.bpf.h"

/*
 * A data request, which PLACEMENT holds, is about to be sent: it joins its call, and its SLOT
 * (null: it has none) says which that is. NOTED: of the background, or null. Returns who sent it.
 */
static __always_inline __u32 join_call(struct fusescope_inflight *slot,
				       struct grouped_request *grouped, struct fuse_req *req,
				       const struct background_note *noted)
{
	if (calls_are_hooked)
		return join_hooked_call(&grouped->data, noted);
	return join_grouped_call(slot, grouped, req,
				 AS_STRUCT(fuse_conn, grouped->data.connection));
}

/* A request has ended: of what call it was, and of which part, its SLOT says. */
static __always_inline void leave_call(const struct fusescope_inflight *slot, struct fuse_req *req,
				       __u64 now)
{
	leave_grouped_call(slot, req, now);
}

#else

static __always_inline __u32 join_call(struct fusescope_inflight *slot,
				       struct grouped_request *grouped, struct fuse_req *req,
				       const struct background_note *noted)
{
	return join_hooked_call(&grouped->data, noted);
}

static __always_inline void leave_call(const struct fusescope_inflight *slot, struct fuse_req *req,
				       __u64 now)
{
}

#endif

#endif
