// SPDX-License-Identifier: GPL-2.0
/*
 * Hook mode "fentry" for kernels before 6.2: they check every use of a typed pointer, but do not
 * let a program make one, so that all is read as from a number.
 */
#include "bpf/walk/devices.bpf.h"
#include "bpf/request/request.bpf.h"

#include <bpf/bpf_tracing.h>

#define FENTRY_NAME(name) fentry_untyped_##name
#include "bpf/attach/fentry_hooks.bpf.h"

/* --- run by user space --- */

SEC("iter/task_file")
int untyped_list_devices(struct bpf_iter__task_file *context)
{
	return on_open_file(context);
}

SEC("iter/bpf_map_elem")
int untyped_refresh_connections(struct bpf_iter__bpf_map_elem *context)
{
	return on_connection_row(context);
}
