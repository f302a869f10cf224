/* SPDX-License-Identifier: GPL-2.0 */
/* Histograms of durations. */
#ifndef FUSESCOPE_DURATIONS_BPF_H
#define FUSESCOPE_DURATIONS_BPF_H

#include "bpf/abi/histogram.h"
#include "bpf/count/counters.bpf.h"
#include "bpf/kernel/atomic.bpf.h"

/* The histogram of an opcode other than READ and WRITE; rows are given out as they are needed. */
static __always_inline struct fusescope_duration_stats *duration_row(__u32 mount, __u32 opcode)
{
	__u32 last = FUSESCOPE_MAX_OPCODES - 1;
	__u32 key = mount * FUSESCOPE_MAX_OPCODES + (opcode < last ? opcode : last);
	__u64 *row = bpf_map_lookup_elem(&duration_rows, &key);
	__u32 index;

	if (!row)
		return NULL;
	if (!*row) {
		/* Rows count from 1. Of two CPUs that come at once one wastes a row. */
		struct fusescope_self_stats *stats = self();
		__u64 fresh = stats ? fetch_and_add(&stats->duration_rows_used, 1) + 1
				    : FUSESCOPE_DURATION_ROWS;

		if (!fresh || fresh >= FUSESCOPE_DURATION_ROWS) {
			count_lost(FUSESCOPE_LOST_DURATION_ROWS);
			return NULL;
		}
		compare_and_set(row, 0, fresh);
	}
	index = row_of_this_cpu(*row, FUSESCOPE_DURATION_ROWS);
	return bpf_map_lookup_elem(&durations, &index);
}

static __always_inline void count_elapsed(struct fusescope_duration_stats *duration, __u64 elapsed)
{
	__u32 bucket = duration_slot(elapsed);

	if (bucket < FUSESCOPE_DURATION_SLOTS)
		add(&duration->slots[bucket], 1);
	add(&duration->sum_ns, elapsed);
}

#endif
