/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that wait before they may allocate a request of the background, because max_background
 * are in use: fuse_get_req() (fs/fuse/dev.c), called by fuse_simple_background(). Nothing is done
 * for those that need not wait.
 */
#ifndef FUSESCOPE_BLOCKED_BPF_H
#define FUSESCOPE_BLOCKED_BPF_H

#include "bpf/count/mount_rows.bpf.h"
#include "bpf/count/durations.bpf.h"

/* Requests that must not wait, as those of writeback. */
static __always_inline bool is_forced(struct fuse_args *args)
{
	if (!FUSE_IS_DESCRIBED) {
		__u8 flags = 0;

		bpf_probe_read_kernel(&flags, sizeof(flags), &OF_5_10(args)->flags);
		return flags & 1;
	}
	return READ_BIT(args, force);
}

static __always_inline struct fusescope_blocked *blocked_of(__u32 mount)
{
	return bpf_map_lookup_elem(&blocked, &mount);
}

/* The time is counted when the last thread leaves. One that comes just then begins a new time. */
static __always_inline void leave_blocked(struct fusescope_blocked *others,
					  struct fusescope_mount_stats *stats, __u64 now)
{
	__u64 since = others->since_ns;

	add(&others->threads, -1);
	if (others->threads || !since || !compare_and_set(&others->since_ns, since, 0))
		return;
	add(&stats->blocked_ns, now > since ? now - since : 0);
	if (others->threads)
		compare_and_set(&others->since_ns, 0, now);
}

static __always_inline int end_blocked(__u64 thread)
{
	struct blocked_thread *waited = bpf_map_lookup_elem(&blocked_threads, &thread);
	struct fusescope_self_stats *all = self();
	struct fusescope_mount_stats *stats;
	struct fusescope_blocked *others;
	__u64 now;

	if (!waited || !all)
		return 0;
	now = bpf_ktime_get_ns();
	stats = stats_of_mount(waited->mount);
	others = blocked_of(waited->mount);
	if (stats && others) {
		count_elapsed(&stats->phases[FUSESCOPE_PHASE_BLOCKED], now - waited->since_ns);
		leave_blocked(others, stats, now);
	}
	add(&all->blocked_threads, -1);
	bpf_map_delete_elem(&blocked_threads, &thread);
	return 0;
}

static __always_inline void begin_blocked(struct fuse_mount *mount, __u64 connection)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct blocked_thread waits = {.since_ns = bpf_ktime_get_ns()};
	struct fusescope_self_stats *all = self();
	struct fusescope_blocked *others;

	end_blocked(thread); /* whose end was not seen */
	waits.mount = connection_index(connection, mount, waits.since_ns);
	others = blocked_of(waits.mount);
	if (!others || !all || bpf_map_update_elem(&blocked_threads, &thread, &waits, BPF_NOEXIST))
		return;
	add(&all->blocked_threads, 1);
	add(&others->threads, 1);
	if (!others->since_ns)
		compare_and_set(&others->since_ns, 0, waits.since_ns);
}

/* Role "allocated": a request of the background is asked for. */
static __always_inline void begin_blocked_background(struct fuse_mount *mount,
						     struct fuse_args *args)
{
	if (!blocked_is_hooked || follows_processes)
		return;
	if (is_background_full(READ_FIELD(mount, fc)) && !is_forced(args))
		begin_blocked(mount, READ_ADDRESS(mount, fc));
}

/* Role "blocked": it was allocated and queued, or refused. */
static __always_inline int on_background_given(void)
{
	struct fusescope_self_stats *all = self();

	if (!blocked_is_hooked || !all || !all->blocked_threads)
		return 0;
	return end_blocked(bpf_get_current_pid_tgid());
}

#endif
