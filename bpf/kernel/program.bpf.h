/* SPDX-License-Identifier: GPL-2.0 */
/* What every BPF program and function is made with. */
#ifndef FUSESCOPE_PROGRAM_BPF_H
#define FUSESCOPE_PROGRAM_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <stdbool.h>

/* In each object file: the helpers that read kernel memory are for such programs only. */
static const char program_license[] SEC("license") __attribute__((used)) = "GPL";

/*
 * A global function: the verifier checks it once by itself, instead of walking through it from
 * every place and in every state in which it is called. Loops belong in such functions.
 */
#ifdef FUSESCOPE_GUARDED_WORDS
#define CHECKED_ONCE static __noinline /* not the same function as in the other programs */
#else
#define CHECKED_ONCE __noinline __weak
#endif

/* Spreads keys over slots, and values over signatures: 2^64 divided by the golden ratio. */
#define HASH_FACTOR 0x9E3779B97F4A7C15ULL

#endif
