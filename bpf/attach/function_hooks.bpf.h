/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The functions of FUSE that are hooked where there is no tracepoint, or not enough of them, each
 * with a one-line program. Included once for each way to hook a function, by a file that says what
 * these are:
 *
 * ON_ENTRY(name, function, arguments...)  a program that runs when a function is entered
 * ON_EXIT(name, function, arguments...)   one that runs when it returns RESULT; the hook may not
 *                                         know the arguments any more
 * ADDRESS_OF(n)                           the argument N (from 0) at entry, as a number
 * ADDRESS_AT_EXIT(n)                      the same at exit, or 0 if it is not known any more
 */

struct fuse_iqueue;
struct virtio_fs_vq;
struct pipe_inode_info;

/* --- sent: one function for each transport --- */

/* /dev/fuse, and virtiofs: before 6.11 */
ON_ENTRY(request_sent_queue, queue_request_and_unlock, struct fuse_iqueue *queue,
	 struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_OF(1));
}

/* /dev/fuse: since 6.11 */
ON_ENTRY(request_sent_dev, fuse_dev_queue_req, struct fuse_iqueue *queue, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_OF(1));
}

/* virtiofs: since 6.11 */
ON_ENTRY(request_sent_virtio, virtio_fs_send_req, struct fuse_iqueue *queue, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_OF(1));
}

/* io_uring: since 6.14 */
ON_ENTRY(request_sent_uring, fuse_uring_queue_fuse_req, struct fuse_iqueue *queue,
	 struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_OF(1));
}

ON_ENTRY(request_sent_uring_background, fuse_uring_queue_bq_req, struct fuse_req *req)
{
	return on_request_sent(req, ADDRESS_OF(0));
}

/* --- taken --- */

/* /dev/fuse and io_uring: what is copied first is the request, later its reply */
ON_ENTRY(request_taken_copy, fuse_copy_args, struct fuse_copy_state *state)
{
	return on_request_taken(READ_ADDRESS(state, req));
}

ON_ENTRY(request_taken_virtio, virtio_fs_enqueue_req, struct virtio_fs_vq *queue,
	 struct fuse_req *req)
{
	return on_request_taken(ADDRESS_OF(1));
}

/* --- ended --- */

/* Entered twice for a request that is aborted while it is answered. */
ON_ENTRY(request_ended, fuse_request_end, struct fuse_req *req)
{
	return HAS_FLAG(req, FR_FINISHED, 9) ? 0 : on_request_ended(req, ADDRESS_OF(0));
}

/* --- allocated --- */

ON_ENTRY(background_allocated, fuse_simple_background, struct fuse_mount *mount,
	 struct fuse_args *args)
{
	return on_background_allocated(mount, args, ADDRESS_OF(1));
}

/* --- blocked --- */

ON_EXIT(background_left, fuse_simple_background, struct fuse_mount *mount, struct fuse_args *args,
	unsigned int allocation)
{
	return on_background_left(ADDRESS_AT_EXIT(1), result);
}

/* --- the call --- */

ON_ENTRY(read_entered, fuse_file_read_iter, struct kiocb *iocb, struct iov_iter *to)
{
	return on_call_entered(iocb, ADDRESS_OF(0), to, FUSESCOPE_READ);
}

ON_EXIT(read_left, fuse_file_read_iter, struct kiocb *iocb, struct iov_iter *to)
{
	return on_call_left(ADDRESS_AT_EXIT(0), result, FUSESCOPE_READ);
}

ON_ENTRY(write_entered, fuse_file_write_iter, struct kiocb *iocb, struct iov_iter *from)
{
	return on_call_entered(iocb, ADDRESS_OF(0), from, FUSESCOPE_WRITE);
}

ON_EXIT(write_left, fuse_file_write_iter, struct kiocb *iocb, struct iov_iter *from)
{
	return on_call_left(ADDRESS_AT_EXIT(0), result, FUSESCOPE_WRITE);
}

/* Since 6.5: splice and sendfile no longer go through read_iter. */
ON_ENTRY(splice_entered, fuse_splice_read, struct file *file, __s64 *position,
	 struct pipe_inode_info *pipe, unsigned long bytes)
{
	return on_splice_entered(file, ADDRESS_OF(0), ADDRESS_AT(ADDRESS_OF(1)), ADDRESS_OF(2),
				 bytes);
}

ON_EXIT(splice_left, fuse_splice_read, struct file *file, __s64 *position,
	struct pipe_inode_info *pipe, unsigned long bytes, unsigned int flags)
{
	return on_call_left(ADDRESS_AT_EXIT(2), result, FUSESCOPE_READ);
}
