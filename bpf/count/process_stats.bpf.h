/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters by process, for `top`. A process begins to have some with its first
 * request, or call without one. Requests are counted when they end, in whatever process that is.
 */
#ifndef FUSESCOPE_PROCESS_STATS_BPF_H
#define FUSESCOPE_PROCESS_STATS_BPF_H

#include "bpf/abi/histogram.h"
#include "bpf/count/counters.bpf.h"

/* Makes room for a process, unless it has some; the name is that of the current thread, if it is
 * its own. Whether there is room. */
CHECKED_ONCE int add_process(__u64 process)
{
	struct fusescope_process_stats *stats;
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&process_blank, &zero);

	if (!blank)
		return 0;
	bpf_map_update_elem(&process_stats, &process, blank, BPF_NOEXIST);
	stats = bpf_map_lookup_elem(&process_stats, &process);
	if (!stats) {
		count_lost(FUSESCOPE_LOST_PROCESS);
		return 0;
	}
	if (bpf_get_current_pid_tgid() >> 32 == process)
		bpf_get_current_comm(stats->command, sizeof(stats->command));
	return 1;
}

/* The counters of a process, which uses a mount now; null: there is no room. */
static __always_inline struct fusescope_process_stats *stats_of_process(__u64 process, __u32 mount)
{
	struct fusescope_process_stats *stats = bpf_map_lookup_elem(&process_stats, &process);

	if (!stats && add_process(process))
		stats = bpf_map_lookup_elem(&process_stats, &process);
	if (stats)
		stats->mount = mount;
	return stats;
}

/* A request has ended. */
static __always_inline void count_request_of_process(const struct fusescope_inflight *slot,
						     bool is_data, __u64 now)
{
	struct fusescope_process_stats *stats = stats_of_process(slot->sender >> 32, slot->mount);
	__u32 bucket = duration_slot(now - slot->sent_ns);

	if (!stats)
		return;
	if (bucket < FUSESCOPE_DURATION_SLOTS)
		add(&stats->duration.slots[bucket], 1);
	add(&stats->duration.sum_ns, now - slot->sent_ns);
	if (is_data)
		add(&stats->bytes, slot->bytes);
	if (!slot->taken_ns)
		return;
	add(&stats->taken, 1);
	add(&stats->queued_ns, slot->taken_ns - slot->sent_ns);
	add(&stats->service_ns, now - slot->taken_ns);
}

/* The call counters of a process; null: there is no room. */
static __always_inline struct fusescope_io_stats *io_of_process(__u64 process, __u32 mount, __u8 op,
								__u8 mode)
{
	struct fusescope_process_stats *stats = stats_of_process(process, mount);

	return stats ? &stats->io[op & 1][mode & 1] : NULL;
}

#endif
