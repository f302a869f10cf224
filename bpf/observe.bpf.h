/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space runs when it wants to know: nothing here is attached to a hook.
 *
 * settle_calls   counts the calls that have ended without a request to show it.
 * list_devices   lists every open /dev/fuse with its connection, so that a mount and its limits
 *                are known before the first request, and without touching the filesystem.
 */
#ifndef FUSESCOPE_OBSERVE_BPF_H
#define FUSESCOPE_OBSERVE_BPF_H

#include "call.bpf.h"
#include "asked.bpf.h"
#include "connection.bpf.h"

#include <bpf/bpf_tracing.h>

#define SETTLE_AFTER_NS	   100000000ULL
#define FUSE_DEVICE_NUMBER (10 << 20 | 229) /* MISC_MAJOR, FUSE_MINOR: linux/miscdevice.h */

/* The task has left the system call of this call, or is gone. */
static __always_inline bool task_moved_on(const struct fusescope_call *call)
{
	struct task_struct *task = bpf_task_from_pid(call->tid);
	__u64 ios;

	if (!task)
		return true;
	ios = task_ios(task);
	bpf_task_release(task);
	return ios != call->task_ios;
}

static __always_inline bool is_over(const struct fusescope_call *call, __u64 now)
{
	if (call->ends_with_task_io)
		return task_moved_on(call);
	return call->pending == 0 && now > call->last_ns + SETTLE_AFTER_NS;
}

struct bpf_map;

static long settle_call(struct bpf_map *map, const __u32 *index, struct fusescope_call *call,
			void *context)
{
	__u64 key = call->key;

	if (key && !call->closing && is_over(call, bpf_ktime_get_ns()))
		close_call(call, key);
	return 0;
}

SEC("syscall")
int settle_calls(void *context)
{
	bpf_for_each_map_elem(&calls, settle_call, NULL, 0);
	return 0;
}

SEC("iter/task_file")
int list_devices(struct bpf_iter__task_file *context)
{
	struct file *file = context->file;
	struct task_struct *task = context->task;
	struct fusescope_device_record record = {};
	struct fuse_conn *connection;
	struct fuse_dev *device;

	if (!file || !task || READ_FIELD(READ_FIELD(file, f_inode), i_rdev) != FUSE_DEVICE_NUMBER)
		return 0;
	device = AS_STRUCT(fuse_dev, READ_FIELD(file, private_data));
	/* Null before the mount, 1 while a mount with FUSE_DEV_IOC_SYNC_INIT is under way. */
	if (READ_ADDRESS(file, private_data) < 4096)
		return 0;
	connection = READ_FIELD(device, fc);
	record.address = READ_ADDRESS(device, fc);
	if (!record.address)
		return 0;
	record.device = READ_FIELD(connection, dev);
	record.daemon_pid = READ_FIELD(task, tgid);
	limits_of(connection, &record.limits);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

#endif
