/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Why a call was split: a pure rule over its first request, the same code in the kernel and in
 * the unit tests. The order of the tests is the order of precedence.
 */
#ifndef FUSESCOPE_CAUSE_H
#define FUSESCOPE_CAUSE_H

#include "abi.h"

struct first_request {
	__u32 bytes;
	__u32 pages;	       /* page slots that it occupies */
	__u32 readahead_bytes; /* the file's readahead window when it was sent; 0: not known */
	__u8 op;
	__u8 mode;
};

/*
 * Of a direct call every request but the last is full: fuse_direct_io() (fs/fuse/file.c) closes
 * one only at max_pages slots or at max_read or max_write bytes.
 */
static inline enum fusescope_cause split_cause(const struct first_request *first,
					       const struct fusescope_limits *limits,
					       __u32 page_shift)
{
	__u32 cap = first->op == FUSESCOPE_READ ? limits->max_read : limits->max_write;
	int slots_full = first->pages >= limits->max_pages;
	int whole_pages = first->bytes >= (__u64)first->pages << page_shift;

	if (first->mode == FUSESCOPE_DIRECT && !slots_full && first->bytes < cap)
		return FUSESCOPE_CAUSE_UNMERGED;
	if (slots_full)
		return whole_pages ? FUSESCOPE_CAUSE_MAX_PAGES : FUSESCOPE_CAUSE_PAGE_SLOTS;
	/* The cap binds when no further page fits under it: buffered I/O goes by whole pages. */
	if (((__u64)first->pages + 1) << page_shift > cap)
		return first->op == FUSESCOPE_READ ? FUSESCOPE_CAUSE_MAX_READ
						   : FUSESCOPE_CAUSE_MAX_WRITE;
	if (first->op == FUSESCOPE_READ && first->readahead_bytes &&
	    first->bytes >= first->readahead_bytes)
		return FUSESCOPE_CAUSE_READAHEAD_WINDOW;
	return FUSESCOPE_CAUSE_UNKNOWN;
}

#endif
