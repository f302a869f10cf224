/* SPDX-License-Identifier: GPL-2.0 */
/* What each request of a call carries, so that what closed the one before it can be told. */
#ifndef FUSESCOPE_SPLIT_BPF_H
#define FUSESCOPE_SPLIT_BPF_H

#include "bpf/abi/cause.h"
#include "bpf/count/mount_rows.bpf.h"
#include "bpf/request/data_request.bpf.h"

/*
 * A request of a call, which is the latest one now. NEXT_OFFSET: behind the one before, whose
 * values *LATEST has. WINDOW: bytes of the file's readahead window; 0: not known.
 */
static __always_inline void note_request(struct fusescope_latest_request *latest,
					 const struct data_request *data, __u64 next_offset,
					 __u32 window)
{
	latest->window_left = left_of_window(latest->window_left, data->offset - next_offset,
					     data->bytes, window);
	latest->bytes = data->bytes;
	latest->pages = data->pages;
	latest->begin_in_page = data->offset & ((1ULL << page_shift) - 1);
	latest->mode = mode_of_request(data);
}

/*
 * NEXT follows the latest request of a call: why that one was closed is decided now, and noted in
 * *CLOSED, of a call with one request before. MOUNT is the row of its connection.
 */
static __always_inline __u8 note_closed(struct fusescope_closed *closed, __u32 requests_before,
					const struct fusescope_latest_request *latest,
					const struct fusescope_call_kind *kind,
					const struct data_request *next, __u32 mount)
{
	struct fusescope_connection *connection = connection_at(mount);
	struct fusescope_limits limits = {};
	__u8 cause;

	if (requests_before == 1)
		__builtin_memset(closed, 0, sizeof(*closed));
	if (connection)
		limits = connection->limits;
	else /* one of FUSESCOPE_OTHER_MOUNT */
		limits_of(AS_STRUCT(fuse_conn, next->connection), &limits);
	cause = split_cause(latest, kind, mode_of_request(next), &limits, page_shift);
	if (cause < FUSESCOPE_CAUSES)
		closed->requests[cause]++;
	return cause;
}

#endif
