/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Why a call was split: pure rules, the same code in the kernel and in the unit tests. Each request
 * that another one follows was closed for a reason of its own; the order of the tests is the order
 * of precedence. Of these reasons the call has one.
 */
#ifndef FUSESCOPE_CAUSE_H
#define FUSESCOPE_CAUSE_H

#include "bpf/abi/abi.h"

#define WINDOW_UNKNOWN (~0U)

/*
 * What a request of BYTES leaves of the readahead window that it is of, which has WINDOW bytes (0:
 * not known). A window can take several requests, and some of it can be in the page cache: GAP is
 * what lies between the request and the one before, which left LEFT (0: there is none before).
 */
static inline __u32 left_of_window(__u32 left, __u64 gap, __u32 bytes, __u32 window)
{
	if (!window)
		return WINDOW_UNKNOWN;
	if (left == WINDOW_UNKNOWN || gap >= left) {
		left = window;
		gap = 0;
	}
	return gap + bytes < left ? left - gap - bytes : 0;
}

/*
 * What closes a request of the page cache where nothing else does. The kernel copies by way of a
 * pipe of its own, of PIPE_DEF_BUFFERS pages: splice_direct_to_actor() (fs/splice.c) fills it,
 * empties it, and begins again.
 */
static inline enum fusescope_cause cause_of_pieces(const struct fusescope_call_kind *call)
{
	return call->in_pieces ? FUSESCOPE_CAUSE_PIPE : FUSESCOPE_CAUSE_UNKNOWN;
}

/*
 * A buffered write: fuse_fill_write_pages() (fs/fuse/file.c) goes on to the next page only with
 * big_writes, and not from a page that it filled only in part and that is not in the cache. Such a
 * one ends the request if that begins inside of a page.
 */
static inline enum fusescope_cause
buffered_write_cause(const struct fusescope_latest_request *request,
		     const struct fusescope_call_kind *call, const struct fusescope_limits *limits,
		     __u32 page_shift)
{
	if (!limits->big_writes)
		return FUSESCOPE_CAUSE_NO_BIG_WRITES;
	if (request->begin_in_page && request->begin_in_page + request->bytes == 1U << page_shift)
		return FUSESCOPE_CAUSE_PARTIAL_PAGE;
	return cause_of_pieces(call);
}

/*
 * Why REQUEST of CALL was closed. NEXT_MODE: that of the call's next request, which is what shows
 * that it was.
 *
 * Of a direct call every request but the last is full: fuse_direct_io() (fs/fuse/file.c) closes
 * one only at max_pages slots or at max_read or max_write bytes. What follows a short reply goes
 * through the page cache, all of it: generic_file_read_iter() (mm/filemap.c),
 * fuse_cache_write_iter() (fs/fuse/file.c).
 */
static inline enum fusescope_cause
split_cause(const struct fusescope_latest_request *request, const struct fusescope_call_kind *call,
	    __u8 next_mode, const struct fusescope_limits *limits, __u32 page_shift)
{
	__u32 cap = call->op == FUSESCOPE_READ ? limits->max_read : limits->max_write;
	int slots_full = request->pages >= limits->max_pages;
	int whole_pages = request->bytes >= (__u64)request->pages << page_shift;

	if (call->mode == FUSESCOPE_DIRECT && next_mode == FUSESCOPE_BUFFERED)
		return FUSESCOPE_CAUSE_SHORT_REPLY;
	if (request->mode == FUSESCOPE_DIRECT && !slots_full && request->bytes < cap)
		return FUSESCOPE_CAUSE_UNMERGED;
	if (slots_full)
		return whole_pages ? FUSESCOPE_CAUSE_MAX_PAGES : FUSESCOPE_CAUSE_PAGE_SLOTS;
	/* The cap binds when no further page fits under it: buffered I/O goes by whole pages. */
	if (((__u64)request->pages + 1) << page_shift > cap)
		return call->op == FUSESCOPE_READ ? FUSESCOPE_CAUSE_MAX_READ
						  : FUSESCOPE_CAUSE_MAX_WRITE;
	if (call->op == FUSESCOPE_WRITE)
		return buffered_write_cause(request, call, limits, page_shift);
	if (request->window_left == 0)
		return FUSESCOPE_CAUSE_READAHEAD_WINDOW;
	return cause_of_pieces(call);
}

/*
 * The one cause of a call: unmerged if any of its requests was, as no kernel should do that; else
 * that of most of them. Of as many each, the first of enum fusescope_cause; unknown is the last.
 */
static inline enum fusescope_cause main_cause(const struct fusescope_closed *closed)
{
	enum fusescope_cause cause = FUSESCOPE_CAUSE_UNMERGED;
	__u32 most = closed->requests[FUSESCOPE_CAUSE_UNMERGED];
	__u32 i;

	if (most)
		return cause;
	for (i = cause + 1; i < FUSESCOPE_CAUSES; i++) {
		if (closed->requests[i] <= most)
			continue;
		most = closed->requests[i];
		cause = (enum fusescope_cause)i;
	}
	return closed->requests[FUSESCOPE_CAUSE_UNKNOWN] > most ? FUSESCOPE_CAUSE_UNKNOWN : cause;
}

#endif
