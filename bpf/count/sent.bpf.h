/* SPDX-License-Identifier: GPL-2.0 */
/* Counts requests as they are sent. */
#ifndef FUSESCOPE_SENT_BPF_H
#define FUSESCOPE_SENT_BPF_H

#include "bpf/abi/histogram.h"
#include "bpf/count/counters.bpf.h"
#include "bpf/request/data_request.bpf.h"

/* ORIGIN: who sent it. */
static __always_inline void count_data_request(struct fusescope_data_stats *stats,
					       const struct data_request *data, __u32 origin)
{
	__u32 slot = count_slot(data->pages);

	if (slot < FUSESCOPE_COUNT_SLOTS)
		add(&stats->pages[slot], 1);
	if (data->pages > 1)
		add(&stats->extra_pages, data->pages - 1);
	add(&stats->bytes, data->bytes);
	if (origin < FUSESCOPE_ORIGINS)
		add(&stats->origins[origin], 1);
}

static __always_inline void count_other_request(__u32 mount)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);

	if (stats)
		add(&stats->sent_others, 1);
}

#endif
