/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The fewest data requests that an I/O call can be made of on this host: a pure rule, the same code
 * in the kernel and in the unit tests. What a call takes beyond that can be fixed.
 */
#ifndef FUSESCOPE_MINIMUM_H
#define FUSESCOPE_MINIMUM_H

#include <linux/types.h>

/*
 * REQUESTS: that the call took. BYTES: that it asked for. HOST_BYTES: of the largest request that
 * any connection of this host can negotiate; not 0. As few as hold the bytes when all segments are
 * merged, aligned to pages: at least one for a call that took any, none for one that took none, and
 * never more than it took (the end of the file, or the page cache, may have spared it the rest).
 */
static inline __u64 fewest_requests(__u64 requests, __u64 bytes, __u64 host_bytes)
{
	__u64 fewest = bytes ? (bytes - 1) / host_bytes + 1 : 1;

	return fewest < requests ? fewest : requests;
}

#endif
