/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Atomic operations that return a value. Kernels before 5.12 have none (BPF_FETCH, BPF_CMPXCHG) and
 * refuse a program that has one anywhere: FUSESCOPE_GUARDED_WORDS makes programs for them. There a
 * word is guarded by a key of a hash map, because to insert a key that must not exist yet is the
 * one atomic decision which those kernels offer to a program on a kprobe.
 */
#ifndef FUSESCOPE_ATOMIC_BPF_H
#define FUSESCOPE_ATOMIC_BPF_H

#include "bpf/kernel/program.bpf.h"
#include "bpf/maps.bpf.h"

#ifndef FUSESCOPE_GUARDED_WORDS

/* Sets *WORD to DESIRED if it is EXPECTED. Whether it was. */
static __always_inline bool compare_and_set(__u64 *word, __u64 expected, __u64 desired)
{
	return __sync_val_compare_and_swap(word, expected, desired) == expected;
}

/* Adds to *WORD. What it was before. */
static __always_inline __u64 fetch_and_add(__u64 *word, __u64 amount)
{
	return __sync_fetch_and_add(word, amount);
}

#else

#define GUARD_TRIES 64 /* a guard is held for some hundred nanoseconds, and never while waiting */

CHECKED_ONCE int take_guard(__u64 word)
{
	__u32 one = 1;
	__u32 i;

	for (i = 0; i < GUARD_TRIES; i++)
		if (bpf_map_update_elem(&guarded_words, &word, &one, BPF_NOEXIST) == 0)
			return 1;
	count_lost(FUSESCOPE_LOST_GUARD_BUSY);
	return 0;
}

static __always_inline void release_guard(__u64 word)
{
	bpf_map_delete_elem(&guarded_words, &word);
}

static __always_inline bool compare_and_set(__u64 *word, __u64 expected, __u64 desired)
{
	bool is_expected;

	if (!take_guard((__u64)word))
		return false;
	is_expected = *word == expected;
	if (is_expected)
		*word = desired;
	release_guard((__u64)word);
	return is_expected;
}

static __always_inline __u64 fetch_and_add(__u64 *word, __u64 amount)
{
	__u64 before;

	if (!take_guard((__u64)word))
		return ~0ULL;
	before = *word;
	*word = before + amount;
	release_guard((__u64)word);
	return before;
}

#endif

#endif
