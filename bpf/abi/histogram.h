/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Slots of the histograms: bounds are inclusive, so the slot of v is ceil(log2 v). */
#ifndef FUSESCOPE_HISTOGRAM_BPF_H
#define FUSESCOPE_HISTOGRAM_BPF_H

#include "bpf/abi/abi.h"

#ifdef __bpf__
#include "bpf/kernel/program.bpf.h"
#define HISTOGRAM_INLINE static __always_inline
#else
#define CHECKED_ONCE	 static inline
#define HISTOGRAM_INLINE static inline
#endif

/* ceil(log2 value), and 0 for 0 and 1; at most last. */
CHECKED_ONCE __u32 histogram_slot(__u64 value, __u32 last)
{
	__u64 rest = value ? value - 1 : 0;
	__u32 slot = 0;

	if (rest >> 32)
		return last;
	/* The position of the highest set bit of value - 1, by halving. */
	if (rest >> 16) {
		slot += 16;
		rest >>= 16;
	}
	if (rest >> 8) {
		slot += 8;
		rest >>= 8;
	}
	if (rest >> 4) {
		slot += 4;
		rest >>= 4;
	}
	if (rest >> 2) {
		slot += 2;
		rest >>= 2;
	}
	if (rest >> 1) {
		slot += 1;
		rest >>= 1;
	}
	slot += rest;
	return slot < last ? slot : last;
}

HISTOGRAM_INLINE __u32 count_slot(__u64 count)
{
	return histogram_slot(count, FUSESCOPE_COUNT_SLOTS - 1);
}

/* Requests per call: a slot for 0 comes first. */
HISTOGRAM_INLINE __u32 requests_slot(__u64 requests)
{
	return requests ? 1 + histogram_slot(requests, FUSESCOPE_REQUESTS_SLOTS - 2) : 0;
}

/* Slot k holds durations of at most 2^k microseconds. */
HISTOGRAM_INLINE __u32 duration_slot(__u64 nanoseconds)
{
	return histogram_slot((nanoseconds + 999) / 1000, FUSESCOPE_DURATION_SLOTS - 1);
}

#endif
