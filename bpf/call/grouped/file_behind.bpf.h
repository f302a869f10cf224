/* SPDX-License-Identifier: GPL-2.0 */
/* The file of a request, where a program has that one open, or one of overlayfs in front of it. */
#ifndef FUSESCOPE_FILE_BEHIND_BPF_H
#define FUSESCOPE_FILE_BEHIND_BPF_H

#include "bpf/call/open_file.bpf.h"

#define OVERLAYFS_MAGIC 0x794c7630 /* include/uapi/linux/magic.h */

/*
 * The address of the open file that a request is for, where a program has FILE open: that itself,
 * or what lies behind it in overlayfs; 0 if it is neither. There private_data is the file of a
 * layer (ovl_open(), fs/overlayfs/file.c), or since 6.13 a struct ovl_file, which begins with that,
 * and with the one that it was copied up to. No type describes it where overlayfs is a module.
 */
CHECKED_ONCE __u64 file_behind(__u64 file, const struct data_request *data)
{
	__u64 layers, behind;

	if (!file || !data)
		return 0;
	if (is_file_of_request(AS_STRUCT(file, file), data))
		return file;
	if (READ_FIELD(READ_FIELD(READ_FIELD(AS_STRUCT(file, file), f_inode), i_sb), s_magic) !=
	    OVERLAYFS_MAGIC)
		return 0;
	layers = READ_ADDRESS(AS_STRUCT(file, file), private_data);
	if (is_file_of_request(AS_STRUCT(file, layers), data))
		return layers;
	behind = ADDRESS_AT(layers);
	if (is_file_of_request(AS_STRUCT(file, behind), data))
		return behind;
	behind = ADDRESS_AT(layers + sizeof(behind));
	return is_file_of_request(AS_STRUCT(file, behind), data) ? behind : 0;
}

#endif
