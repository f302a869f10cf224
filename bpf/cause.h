/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Why a call was split: a pure rule over its first request and the mode of the second one, the same
 * code in the kernel and in the unit tests. The order of the tests is the order of precedence.
 */
#ifndef FUSESCOPE_CAUSE_H
#define FUSESCOPE_CAUSE_H

#include "abi.h"

/*
 * A buffered write: fuse_fill_write_pages() (fs/fuse/file.c) goes on to the next page only with
 * big_writes, and not from a page that it filled only in part and that is not in the cache. Such a
 * one ends the request, and so the first request if it begins inside of a page.
 */
static inline enum fusescope_cause buffered_write_cause(const struct fusescope_first_request *first,
							const struct fusescope_limits *limits,
							__u32 page_shift)
{
	if (!limits->big_writes)
		return FUSESCOPE_CAUSE_NO_BIG_WRITES;
	if (first->begin_in_page && first->begin_in_page + first->bytes == 1U << page_shift)
		return FUSESCOPE_CAUSE_PARTIAL_PAGE;
	return FUSESCOPE_CAUSE_UNKNOWN;
}

/*
 * NEXT_MODE: that of the call's second request, which is what shows that it is split.
 *
 * Of a direct call every request but the last is full: fuse_direct_io() (fs/fuse/file.c) closes
 * one only at max_pages slots or at max_read or max_write bytes. What follows a short reply goes
 * through the page cache: generic_file_read_iter() (mm/filemap.c), fuse_cache_write_iter()
 * (fs/fuse/file.c).
 */
static inline enum fusescope_cause split_cause(const struct fusescope_first_request *first,
					       __u8 next_mode,
					       const struct fusescope_limits *limits,
					       __u32 page_shift)
{
	__u32 cap = first->op == FUSESCOPE_READ ? limits->max_read : limits->max_write;
	int slots_full = first->pages >= limits->max_pages;
	int whole_pages = first->bytes >= (__u64)first->pages << page_shift;

	if (first->mode == FUSESCOPE_DIRECT && next_mode == FUSESCOPE_BUFFERED)
		return FUSESCOPE_CAUSE_SHORT_REPLY;
	if (first->mode == FUSESCOPE_DIRECT && !slots_full && first->bytes < cap)
		return FUSESCOPE_CAUSE_UNMERGED;
	if (slots_full)
		return whole_pages ? FUSESCOPE_CAUSE_MAX_PAGES : FUSESCOPE_CAUSE_PAGE_SLOTS;
	/* The cap binds when no further page fits under it: buffered I/O goes by whole pages. */
	if (((__u64)first->pages + 1) << page_shift > cap)
		return first->op == FUSESCOPE_READ ? FUSESCOPE_CAUSE_MAX_READ
						   : FUSESCOPE_CAUSE_MAX_WRITE;
	if (first->op == FUSESCOPE_WRITE)
		return buffered_write_cause(first, limits, page_shift);
	if (first->readahead_bytes && first->bytes >= first->readahead_bytes)
		return FUSESCOPE_CAUSE_READAHEAD_WINDOW;
	return FUSESCOPE_CAUSE_UNKNOWN;
}

#endif
