/* SPDX-License-Identifier: GPL-2.0 */
/* Error replies by mount, opcode and errno: rows are given out as they are needed. */
#ifndef FUSESCOPE_ERRORS_BPF_H
#define FUSESCOPE_ERRORS_BPF_H

#include "bpf/count/counters.bpf.h"
#include "bpf/kernel/atomic.bpf.h"

#define ERROR_ROW_MASK	   (FUSESCOPE_ERROR_ROWS - 1)
#define ERROR_PROBE_LENGTH 16

/* ERROR: an errno, positive. */
CHECKED_ONCE int count_error(__u32 mount, __u32 opcode, __u32 error)
{
	__u32 last = FUSESCOPE_MAX_OPCODES - 1;
	__u64 key = FUSESCOPE_ERROR_KEY(mount, opcode < last ? opcode : last, error);
	__u32 first = key * HASH_FACTOR >> 40;
	__u32 i;

	for (i = 0; i < ERROR_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & ERROR_ROW_MASK;
		struct fusescope_error_row *row = bpf_map_lookup_elem(&error_rows, &index);

		if (!row)
			break;
		/* Of two CPUs that come at once, one may find that the other took it for the same.
		 */
		if (row->key == key || (row->key == 0 && compare_and_set(&row->key, 0, key)) ||
		    row->key == key) {
			add(&row->count, 1);
			return 0;
		}
	}
	count_lost(FUSESCOPE_LOST_ERROR_ROWS);
	return 0;
}

#endif
