/* SPDX-License-Identifier: GPL-2.0 */
/* How a counter is reached and added to: those of a mount, and of the agent itself. */
#ifndef FUSESCOPE_COUNTERS_BPF_H
#define FUSESCOPE_COUNTERS_BPF_H

#include "bpf/maps.bpf.h"

/*
 * All counters are added to atomically: a program can be preempted by another one on its CPU
 * (fentry and system call programs only disable migration), and settle_calls counts too.
 */
static __always_inline void add(__u64 *counter, __u64 amount)
{
	__sync_fetch_and_add(counter, amount);
}

static __always_inline struct fusescope_self_stats *self(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&self_stats, &zero);
}

static __always_inline void count_lost(enum fusescope_lost reason)
{
	struct fusescope_self_stats *stats = self();

	if (stats)
		add(&stats->lost[reason], 1);
}

static __always_inline void count_note(enum fusescope_note note)
{
	struct fusescope_self_stats *stats = self();

	if (stats)
		add(&stats->notes[note], 1);
}

/* The place of a row of this CPU; programs are not moved to another CPU while they run. */
static __always_inline __u32 row_of_this_cpu(__u32 row, __u32 rows)
{
	return row < rows ? bpf_get_smp_processor_id() * rows + row : ~0U;
}

static __always_inline struct fusescope_mount_stats *stats_of_mount(__u32 mount)
{
	__u32 place = row_of_this_cpu(mount, FUSESCOPE_MOUNT_ROWS);

	return bpf_map_lookup_elem(&mount_stats, &place);
}

static __always_inline struct fusescope_io_stats *io_stats(__u32 mount, __u8 op, __u8 mode)
{
	struct fusescope_mount_stats *stats = stats_of_mount(mount);

	return stats ? &stats->ops[op & 1].io[mode & 1] : NULL;
}

#endif
