/* SPDX-License-Identifier: GPL-2.0 */
/* Counts requests as they end. */
#ifndef FUSESCOPE_ENDED_BPF_H
#define FUSESCOPE_ENDED_BPF_H

#include "bpf/count/durations.bpf.h"
#include "bpf/count/errors.bpf.h"
#include "bpf/count/process_stats.bpf.h"

static __always_inline void count_duration(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_duration_stats *duration = NULL;

	if (is_data(slot->opcode)) {
		struct fusescope_mount_stats *stats = stats_of_mount(slot->mount);

		if (stats)
			duration = &stats->ops[op_of(slot->opcode) & 1].duration;
	} else {
		duration = duration_row(slot->mount, slot->opcode);
	}
	if (duration)
		count_elapsed(duration, now - slot->sent_ns);
}

/* The phases of a request, where its taking by the daemon was seen. */
static __always_inline void count_phases(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_mount_stats *stats;

	if (!slot->taken_ns)
		return;
	stats = stats_of_mount(slot->mount);
	if (!stats)
		return;
	count_elapsed(&stats->phases[FUSESCOPE_PHASE_QUEUED], slot->taken_ns - slot->sent_ns);
	count_elapsed(&stats->phases[FUSESCOPE_PHASE_SERVICE], now - slot->taken_ns);
}

/*
 * An error reply, and whether a signal had interrupted the request: then an INTERRUPT, which is no
 * request of its own, was queued for the daemon (request_wait_answer(), fs/fuse/dev.c).
 */
static __always_inline void count_outcome(const struct fusescope_inflight *slot, __s32 error,
					  bool was_interrupted)
{
	struct fusescope_mount_stats *stats;

	if (error < 0)
		count_error(slot->mount, slot->opcode, -error);
	if (!was_interrupted)
		return;
	stats = stats_of_mount(slot->mount);
	if (stats)
		add(&stats->interrupted, 1);
}

static __always_inline void count_ended(const struct fusescope_inflight *slot, __s32 error,
					bool was_interrupted, __u64 now)
{
	count_duration(slot, now);
	count_phases(slot, now);
	if (counts_processes)
		count_request_of_process(slot, is_data(slot->opcode), now);
	count_outcome(slot, error, was_interrupted);
}

#endif
