/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What user space looks at by itself, without a hook: every open /dev/fuse with its connection, so
 * that a mount and its limits are known before the first request, and without touching the
 * filesystem; and the connections that have a row. What waits on them is told with it.
 */
#ifndef FUSESCOPE_DEVICES_BPF_H
#define FUSESCOPE_DEVICES_BPF_H

#include "bpf/walk/waiting.bpf.h"

#define FUSE_DEVICE_NUMBER (10 << 20 | 229) /* MISC_MAJOR, FUSE_MINOR: linux/miscdevice.h */

static __always_inline int on_open_file(struct bpf_iter__task_file *context)
{
	struct fusescope_device_record record = {};
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct fuse_conn *connection;
	__u64 device;

	if (!file || !task || READ_FIELD(READ_FIELD(file, f_inode), i_rdev) != FUSE_DEVICE_NUMBER)
		return 0;
	/* Null before the mount, 1 while a mount with FUSE_DEV_IOC_SYNC_INIT is under way. */
	device = READ_ADDRESS(file, private_data);
	if (device < 4096)
		return 0;
	record.address = connection_of_device(AS_STRUCT(fuse_dev, device));
	if (!record.address)
		return 0;
	connection = AS_STRUCT(fuse_conn, record.address);
	record.device = device_of(connection, NULL);
	record.daemon_pid = READ_FIELD(task, tgid);
	record.waiting = waiting_of(connection);
	limits_of(connection, &record.limits);
	if (lists_requests) {
		list_device(device, record.address);
		if (listed_connection != record.address) /* not one device of it after the other */
			list_queues(record.address);
		listed_connection = record.address;
	}
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

/*
 * Reads the limits of each connection that has a row again, so that they are those of now also
 * while no request is sent. A connection that is gone leaves any numbers: user space drops its row.
 */
static __always_inline int on_connection_row(struct bpf_iter__bpf_map_elem *context)
{
	const __u32 *index = context->key;
	struct fusescope_connection *slot = index ? connection_at(*index) : NULL;
	__u64 address = slot ? slot->address : 0;

	if (address <= FUSESCOPE_TOMBSTONE || address & FUSESCOPE_RETIRED)
		return 0;
	limits_of(AS_STRUCT(fuse_conn, address), &slot->limits);
	slot->waiting = waiting_of(AS_STRUCT(fuse_conn, address));
	if (lists_requests) {
		list_devices_of(address);
		list_queues(address);
	}
	return 0;
}

#endif
