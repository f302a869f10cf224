/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Role "call", where the functions of a FUSE file's read and write are hooked: exact, also for
 * calls that make no request. A request belongs to the call that allocates it.
 */
#ifndef FUSESCOPE_HOOKED_CALL_BPF_H
#define FUSESCOPE_HOOKED_CALL_BPF_H

#include "bpf/call/hooked/call_frame.bpf.h"
#include "bpf/call/open_file.bpf.h"
#include "bpf/call/split.bpf.h"
#include "bpf/count/ended_call.bpf.h"
#include "bpf/kernel/iov_iter.bpf.h"
#include "bpf/request/blocked.bpf.h"
#include "bpf/request/followed.bpf.h"

#define O_DIRECT	00040000   /* arch/x86: include/uapi/asm-generic/fcntl.h */
#define FOPEN_DIRECT_IO (1 << 0)   /* include/uapi/linux/fuse.h */
#define IOCB_NOWAIT	0x00000008 /* RWF_NOWAIT, include/linux/fs.h */
#define EAGAIN		11

/*
 * include/linux/fs.h: of a file that overlayfs opened behind its own, with a kiocb of its own for
 * each try: ovl_read_iter() (fs/overlayfs/file.c), backing_file_read_iter() (fs/backing-file.c).
 */
#define FMODE_NOACCOUNT 0x20000000

/* --- entered --- */

static __always_inline __u8 mode_of(struct file *file, struct fuse_file *fuse)
{
	bool is_direct = READ_FIELD(file, f_flags) & O_DIRECT ||
			 READ_FIELD(fuse, open_flags) & FOPEN_DIRECT_IO;

	return is_direct ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
}

/* What a record of the frame's call says beside that. */
static __always_inline void note_frame(struct fusescope_trace_event *record,
				       const struct call_frame *frame, __u32 process)
{
	__builtin_memset(record, 0, sizeof(*record));
	note_current_thread(&record->who, process);
	note_file(record, frame->file);
	record->pages = frame->pages;
	record->device = frame->device;
}

/* The call of a frame is over. */
static __always_inline void end_frame(const struct call_frame *frame)
{
	struct fusescope_trace_event record;
	struct ended_call ended = {
		.mount = frame->mount,
		.op = frame->kind.op,
		.mode = frame->kind.mode,
		.requests = frame->requests,
		.segments = frame->segments,
		.bytes = frame->bytes,
		.closed = &frame->closed,
		.begin = frame->begin,
		.began_ns = frame->entered_ns,
	};

	if (counts_processes || traces)
		ended.process = process_of_current();
	if (traces && !trace_requests) {
		note_frame(&record, frame, ended.process);
		ended.ended_ns = bpf_ktime_get_ns();
		ended.record = &record;
	}
	on_call_ended(&ended);
}

/* Goes on with a call of io_uring that was tried before. False: this is another one. */
static __always_inline bool resume_call(struct call_frame *frame, __u64 iocb, __u64 position,
					__u8 op)
{
	struct call_frame *before = bpf_map_lookup_elem(&suspended_calls, &iocb);
	__u64 got;

	if (!before)
		return false;
	got = before->bytes - before->left;
	*frame = *before;
	bpf_map_delete_elem(&suspended_calls, &iocb);
	if (frame->kind.op == op && frame->begin + got == position)
		return true;
	frame->file = 0; /* its kiocb is another's now, and its file may be gone */
	end_frame(frame);
	return false;
}

static __always_inline void fill_frame(struct call_frame *frame, struct file *file,
				       __u64 file_address, __u64 identity, __u8 op)
{
	struct fuse_file *fuse = AS_STRUCT(fuse_file, READ_FIELD(file, private_data));

	frame->identity = identity;
	frame->file = file_address;
	frame->requests = 0;
	frame->pages = 0;
	frame->kind.op = op;
	frame->kind.mode = mode_of(file, fuse);
	frame->kind.in_pieces = 0;
	frame->may_retry = 0;
	frame->is_piece = 0;
	frame->entered_ns = bpf_ktime_get_ns();
	frame->mount = connection_index(READ_ADDRESS(READ_FIELD(fuse, fm), fc),
					READ_FIELD(fuse, fm), frame->entered_ns);
	if (traces)
		frame->device =
			device_of(READ_FIELD(READ_FIELD(fuse, fm), fc), READ_FIELD(fuse, fm));
}

static __always_inline int on_call_entered(struct kiocb *iocb, __u64 iocb_address,
					   struct iov_iter *iter, __u8 op)
{
	struct call_frame *frame = counts_current() ? push_frame() : NULL;
	struct file *file = READ_FIELD(iocb, ki_filp);
	__u64 position = READ_FIELD(iocb, ki_pos);
	__u64 left = READ_FIELD(iter, count);
	bool is_async = READ_ADDRESS(iocb, ki_complete);

	if (!frame)
		return 0;
	if (!is_async || !resume_call(frame, iocb_address, position, op)) {
		fill_frame(frame, file, READ_ADDRESS(iocb, ki_filp), iocb_address, op);
		frame->begin = position;
		frame->bytes = left;
		frame->segments = segments_of(iter);
		frame->is_piece = is_into_pipe(iter);
	}
	frame->left = left;
	frame->may_retry = is_async && READ_FIELD(iocb, ki_flags) & IOCB_NOWAIT &&
			   !(READ_FIELD(file, f_mode) & FMODE_NOACCOUNT);
	return 0;
}

/* fuse_splice_read(): since 6.5 a read by splice or sendfile does not go through read_iter. */
static __always_inline int on_splice_entered(struct file *file, __u64 file_address, __u64 position,
					     __u64 pipe_address, __u64 bytes)
{
	struct call_frame *frame = counts_current() ? push_frame() : NULL;

	if (!frame)
		return 0;
	fill_frame(frame, file, file_address, pipe_address, FUSESCOPE_READ);
	frame->begin = position;
	frame->bytes = bytes;
	frame->left = bytes;
	frame->segments = 1;
	frame->is_piece = 1;
	return 0;
}

/* --- joined by requests --- */

/* Whether a data request is part of what a call does. */
static __always_inline bool is_of_call(const struct call_frame *frame,
				       const struct data_request *data)
{
	if (data->iocb)
		return data->iocb == frame->identity;
	if (frame->kind.op != data->op || !is_file_of_request(AS_STRUCT(file, frame->file), data))
		return false;
	return carries_asked_bytes(data, frame->begin, frame->bytes);
}

static __always_inline void join_frame(struct call_frame *frame, const struct data_request *data)
{
	bool reads_ahead = !data->iocb && data->op == FUSESCOPE_READ;

	if (traces)
		frame->pages += data->pages;
	if (frame->requests)
		frame->latest_closed = note_closed(&frame->closed, frame->requests, &frame->latest,
						   &frame->kind, data, frame->mount);
	else
		frame->latest.window_left = 0;
	note_request(&frame->latest, data, frame->next_offset,
		     reads_ahead ? readahead_bytes(AS_STRUCT(file, frame->file)) : 0);
	frame->next_offset = data->offset + data->bytes;
	frame->requests++;
}

/* The latest request of a call will not be sent. */
static __always_inline void leave_frame(struct call_frame *frame)
{
	__u32 cause = frame->latest_closed;

	frame->requests--;
	if (frame->requests && cause < FUSESCOPE_CAUSES && frame->closed.requests[cause])
		frame->closed.requests[cause]--;
}

/*
 * A request of the background joins the call that the current thread is in, if it is one of that.
 * Whether it is a buffered one, of which its sender cannot tell.
 */
static __always_inline bool join_background(struct fuse_mount *mount, struct fuse_args *args,
					    __u64 args_address)
{
	struct call_frame *frame = top_frame(current_calls());
	__u32 opcode = READ_FIELD(args, opcode);
	struct data_request data;

	if (!frame || !is_data(opcode))
		return false;
	read_data_request(&data, args, op_of(opcode), READ_ADDRESS(mount, fc));
	/* Nor the writeback that a call of O_SYNC waits for. */
	if (!is_of_call(frame, &data) || (!data.io && data.op == FUSESCOPE_WRITE))
		return false;
	join_frame(frame, &data);
	frame->last_args = args_address;
	return !data.io;
}

/* Role "allocated": fuse_simple_background() is about to queue a request of the current thread. */
static __always_inline int on_background_allocated(struct fuse_mount *mount, struct fuse_args *args,
						   __u64 args_address)
{
	struct background_note note = {};

	begin_blocked_background(mount, args);
	if (tells_requesters)
		note.process = process_of_current();
	if (follows_processes && !is_followed(note.process)) {
		forget_background(args_address);
		return 0;
	}
	note.is_of_call = join_background(mount, args, args_address);
	if (traces)
		note_current_thread(&note.who, note.process);
	if (note.is_of_call || tells_requesters)
		note_background(args_address, &note);
	return 0;
}

/*
 * fuse_simple_background() returns. If it has refused the request, that is never sent. ARGS_ADDRESS
 * 0: the hook does not know which request it was.
 */
static __always_inline int on_background_left(__u64 args_address, int result)
{
	struct call_frame *frame;

	on_background_given();
	if (!result || !args_address)
		return 0;
	frame = top_frame(current_calls());
	if (frame && frame->requests && frame->last_args == args_address)
		leave_frame(frame);
	forget_background(args_address);
	return 0;
}

/* Who sent a data request, and, if its call has to wait for it, one request more for that call. */
static __always_inline __u32 join_hooked_call(const struct data_request *data,
					      const struct background_note *noted)
{
	struct call_frame *frame;

	if (data->background) {
		if (data->io)
			return FUSESCOPE_ORIGIN_CALL;
		if (data->op == FUSESCOPE_WRITE)
			return FUSESCOPE_ORIGIN_WRITEBACK;
		return noted && noted->is_of_call ? FUSESCOPE_ORIGIN_CALL
						  : FUSESCOPE_ORIGIN_READAHEAD;
	}
	frame = top_frame(current_calls());
	if (frame && is_of_call(frame, data)) {
		join_frame(frame, data);
		return FUSESCOPE_ORIGIN_CALL;
	}
	if (data->io) {
		count_lost(FUSESCOPE_LOST_CALL_BEGINNING);
		return FUSESCOPE_ORIGIN_CALL;
	}
	/* A page that a write fills only in part is read first, by that write. */
	return data->op == FUSESCOPE_WRITE || (frame && frame->kind.op == FUSESCOPE_WRITE)
		       ? FUSESCOPE_ORIGIN_OTHER
		       : FUSESCOPE_ORIGIN_READAHEAD;
}

/* --- left --- */

/* io_uring tries again what was not to be had without waiting: io_read(), io_uring/rw.c. */
static __always_inline bool is_tried_again(const struct call_frame *frame, long result)
{
	return frame->may_retry &&
	       (result == -EAGAIN || (result > 0 && (__u64)result < frame->left));
}

/* IDENTITY: as at the entry, or 0 where the hook does not know it. */
static __always_inline int on_call_left(__u64 identity, long result, __u8 op)
{
	struct thread_calls *calls = current_calls();
	struct call_frame *frame = calls ? pop_frame(calls, identity, op) : NULL;

	if (frame && is_tried_again(frame, result)) {
		__u64 iocb = frame->identity;

		if (result > 0)
			frame->left -= result;
		if (frame->requests || frame->left < frame->bytes)
			bpf_map_update_elem(&suspended_calls, &iocb, frame, BPF_ANY);
	} else if (frame && (result != -EAGAIN || frame->requests)) {
		/* The room in the pipe is nothing that anyone asked for. */
		if (frame->is_piece && result >= 0)
			frame->bytes = result;
		end_frame(frame);
	}
	if (calls && calls->depth == 0)
		forget_current_calls();
	return 0;
}

#endif
