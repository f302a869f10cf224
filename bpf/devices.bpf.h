/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every open /dev/fuse with its connection, so that a mount and its limits are known before the
 * first request, and without touching the filesystem. Run by user space, not by a hook.
 */
#ifndef FUSESCOPE_DEVICES_BPF_H
#define FUSESCOPE_DEVICES_BPF_H

#include "connection.bpf.h"

#define FUSE_DEVICE_NUMBER (10 << 20 | 229) /* MISC_MAJOR, FUSE_MINOR: linux/miscdevice.h */

static __always_inline int on_open_file(struct bpf_iter__task_file *context)
{
	struct fusescope_device_record record = {};
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct fuse_conn *connection;

	if (!file || !task || READ_FIELD(READ_FIELD(file, f_inode), i_rdev) != FUSE_DEVICE_NUMBER)
		return 0;
	/* Null before the mount, 1 while a mount with FUSE_DEV_IOC_SYNC_INIT is under way. */
	if (READ_ADDRESS(file, private_data) < 4096)
		return 0;
	record.address = connection_of_device(AS_STRUCT(fuse_dev, READ_FIELD(file, private_data)));
	if (!record.address)
		return 0;
	connection = AS_STRUCT(fuse_conn, record.address);
	record.device = device_of(connection, NULL);
	record.daemon_pid = READ_FIELD(task, tgid);
	limits_of(connection, &record.limits);
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

#endif
