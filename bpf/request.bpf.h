/* SPDX-License-Identifier: GPL-2.0 */
/* Life of a request: sent, ended. Every hook mode calls into these bodies. */
#ifndef FUSESCOPE_REQUEST_BPF_H
#define FUSESCOPE_REQUEST_BPF_H

#include "call.bpf.h"
#include "caller.bpf.h"
#include "connection.bpf.h"

#define INFLIGHT_SLOT_MASK (FUSESCOPE_INFLIGHT_SLOTS - 1)

/* include/uapi/linux/fuse.h */
#define FUSE_READ	 15
#define FUSE_WRITE	 16
#define FUSE_INIT	 26
#define OUT_HEADER_BYTES 16

static __always_inline bool is_data(__u32 opcode)
{
	return opcode == FUSE_READ || opcode == FUSE_WRITE;
}

static __always_inline __u8 op_of(__u32 opcode)
{
	return opcode == FUSE_READ ? FUSESCOPE_READ : FUSESCOPE_WRITE;
}

static __always_inline __u32 inflight_hash(__u64 request)
{
	return request * 0x9E3779B97F4A7C15ULL >> 40;
}

static __always_inline struct fusescope_inflight *inflight_at(__u32 index)
{
	return bpf_map_lookup_elem(&inflight, &index);
}

/* The first free slot of FUSESCOPE_PROBE_LENGTH neighbours, or FUSESCOPE_INFLIGHT_SLOTS. */
CHECKED_ONCE __u32 claim_inflight(__u64 request)
{
	__u32 first = inflight_hash(request);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & INFLIGHT_SLOT_MASK;
		struct fusescope_inflight *slot = inflight_at(index);

		if (!slot)
			break;
		if (slot->request == request) {
			/* Killed before the daemon read it: such a request has no end. */
			count_lost(FUSESCOPE_LOST_NEVER_ENDED);
			slot->request = request | FUSESCOPE_BEING_FILLED;
			return index;
		}
		if (slot->request == 0 &&
		    __sync_val_compare_and_swap(&slot->request, 0,
						request | FUSESCOPE_BEING_FILLED) == 0) {
			if (i)
				count_note(FUSESCOPE_NOTE_INFLIGHT_COLLISION);
			return index;
		}
	}
	count_lost(FUSESCOPE_LOST_INFLIGHT_FULL);
	return FUSESCOPE_INFLIGHT_SLOTS;
}

/* The slot of a request, or FUSESCOPE_INFLIGHT_SLOTS. */
CHECKED_ONCE __u32 find_inflight(__u64 request)
{
	__u32 first = inflight_hash(request);
	__u32 i;

	for (i = 0; i < FUSESCOPE_PROBE_LENGTH; i++) {
		__u32 index = (first + i) & INFLIGHT_SLOT_MASK;
		struct fusescope_inflight *slot = inflight_at(index);

		if (slot && slot->request == request)
			return index;
	}
	return FUSESCOPE_INFLIGHT_SLOTS;
}

/* Whether the task that sends a request is not the one that made it. */
static __always_inline bool is_deferred(struct fuse_req *req, struct fuse_conn *connection,
					struct task_struct *current_task)
{
	__u32 level = READ_FIELD(READ_FIELD(connection, pid_ns), level);
	__u32 requester = READ_FIELD(req, in.h.pid);
	__u32 current_pid = READ_FIELD(current_task, pid);

	if (level) {
		struct upid *numbers = READ_FIELD(current_task, thread_pid)->numbers;

		bpf_probe_read_kernel(&current_pid, sizeof(current_pid),
				      (void *)numbers + level * bpf_core_type_size(struct upid) +
					      bpf_core_field_offset(struct upid, nr));
	}
	return requester != current_pid;
}

/* The descriptors of a request's pages: a page each in direct I/O. */
static __always_inline __u32 page_slots(struct fuse_io_args *io_args)
{
	struct fuse_args_pages___before_folios *before =
		(struct fuse_args_pages___before_folios *)&io_args->ap;

	if (bpf_core_field_exists(io_args->ap.num_folios))
		return READ_FIELD(io_args, ap.num_folios);
	return READ_FIELD(before, num_pages);
}

static __always_inline void read_data_request(struct data_request *data, struct fuse_req *req,
					      struct fuse_args *args, __u8 op)
{
	struct fuse_io_args *io_args = ENCLOSING_STRUCT(fuse_io_args, ap, args);
	struct fuse_io_priv *io = READ_FIELD(io_args, io);
	__u64 io_address = READ_ADDRESS(io_args, io);
	__u32 slots = page_slots(io_args);
	__u64 page_size = 1ULL << page_shift;

	data->op = op;
	data->file_handle = READ_FIELD(io_args, read.in.fh);
	data->node = READ_FIELD(args, nodeid);
	data->mount = READ_ADDRESS(req, fm);
	data->offset = READ_FIELD(io_args, read.in.offset);
	data->bytes = READ_FIELD(io_args, read.in.size);
	data->io = io_address;
	data->iocb = io_address ? READ_ADDRESS(io, iocb) : 0;
	data->background =
		READ_FIELD(req, flags) >> bpf_core_enum_value(enum fuse_req_flag, FR_BACKGROUND) &
		1;
	/*
	 * Page slots: a direct request has one descriptor for each (fuse_get_user_pages(),
	 * fs/fuse/file.c), and none for a kernel buffer. In the page cache a request is one run
	 * of the file, so that its slots are the pages of that run.
	 */
	data->pages = io_address && slots
			      ? slots
			      : ((data->offset & (page_size - 1)) + data->bytes + page_size - 1) >>
					page_shift;
}

static __always_inline void count_data_request(struct fusescope_data_stats *stats,
					       const struct data_request *data, __u32 origin)
{
	__u32 slot = count_slot(data->pages);

	if (slot < FUSESCOPE_COUNT_SLOTS)
		add(&stats->pages[slot], 1);
	if (data->pages > 1)
		add(&stats->extra_pages, data->pages - 1);
	add(&stats->bytes, data->bytes);
	if (origin < FUSESCOPE_ORIGINS)
		add(&stats->origins[origin], 1);
}

static __always_inline __u32 origin_without_call(const struct data_request *data, long number)
{
	if (data->op == FUSESCOPE_WRITE)
		return data->background ? FUSESCOPE_ORIGIN_WRITEBACK : FUSESCOPE_ORIGIN_OTHER;
	/* A page that a write fills only in part is read first, by that write. */
	if (!data->background && (__u64)number < SYSCALL_SLOTS &&
	    syscall_shapes[FUSESCOPE_WRITE][number & (SYSCALL_SLOTS - 1)].file)
		return FUSESCOPE_ORIGIN_OTHER;
	return FUSESCOPE_ORIGIN_READAHEAD;
}

/* Whether any byte of a buffered read was asked for: readahead goes on past the call's end. */
static __always_inline bool serves_call(const struct data_request *data, const struct asked *asked)
{
	__u64 page_size = 1ULL << page_shift;
	__u64 begin = asked->begin & ~(page_size - 1);

	if (data->iocb || data->op == FUSESCOPE_WRITE || asked->bytes == BYTES_UNKNOWN)
		return true;
	return data->offset + data->bytes > begin && data->offset < asked->begin + asked->bytes;
}

static __always_inline bool covers_call(const struct data_request *data, const struct asked *asked)
{
	/* A buffered read that fails is tried again, page by page, by the same call. */
	if (!data->iocb && data->op == FUSESCOPE_READ)
		return false;
	return data->bytes >= asked->bytes;
}

/*
 * "pending" goes up first and "sent_bytes" last: the end of an earlier request, on another CPU,
 * must not find the call complete before this request is in it.
 */
static __always_inline void join_call(struct fusescope_call *call, const struct data_request *data,
				      __u64 now)
{
	__sync_fetch_and_add(&call->pending, 1);
	call->requests++;
	call->next_offset = data->offset + data->bytes;
	call->last_ns = now;
	__sync_fetch_and_add(&call->sent_bytes, data->bytes);
}

/* A data request that belongs to a call, and all that decides its place there. */
struct placement {
	struct data_request data;
	struct asked asked;
	__u64 now;
	__u32 mount;
	__u32 tid;
};

static __always_inline __u32 open_call(const struct placement *placement)
{
	const struct data_request *data = &placement->data;
	const struct asked *asked = &placement->asked;
	__u32 index = claim_call(asked->key);
	struct fusescope_call *call = call_at(index);

	if (!call)
		return NO_CALL;
	call->signature = asked->signature;
	call->asked_bytes = asked->bytes;
	call->sent_bytes = data->bytes;
	call->last_ns = placement->now;
	call->begin = asked->begin;
	call->next_offset = data->offset + data->bytes;
	call->task_ios = asked->task_ios;
	call->tid = placement->tid;
	call->pending = 1;
	call->requests = 1;
	call->segments = asked->segments;
	call->first_bytes = data->bytes;
	call->first_pages = data->pages;
	call->readahead_bytes = asked->readahead_bytes;
	call->mount = placement->mount;
	call->op = data->op;
	call->mode = data->iocb ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
	call->cause = FUSESCOPE_CAUSE_UNKNOWN;
	call->ends_with_task_io = asked->ends_with_task_io;
	call->background = data->background;
	call->key = asked->key;
	call->closing = 0;
	return index;
}

/* Whether a request goes on with a call that is open under its key. */
static __always_inline bool continues_call(const struct fusescope_call *call,
					   const struct data_request *data,
					   const struct asked *asked)
{
	if (data->iocb)
		return data->offset != asked->begin;
	return call->signature == asked->signature &&
	       (call->ends_with_task_io || data->offset >= call->next_offset);
}

static __always_inline void set_whole_call(struct fusescope_inflight *slot,
					   const struct asked *asked)
{
	slot->part = FUSESCOPE_PART_WHOLE;
	slot->asked_bytes = asked->bytes;
	slot->segments = asked->segments;
}

/*
 * Puts a request into its call, and notes in the request's own slot which one that is. Returns the
 * slot of a call that this is the second request of, so that it is now split; else NO_CALL.
 */
CHECKED_ONCE __u32 place_in_call(struct fusescope_inflight *slot, struct placement *placement)
{
	const struct data_request *data;
	const struct asked *asked;
	struct fusescope_call *call;
	bool begins_call;
	__u32 index;

	if (!slot || !placement)
		return NO_CALL;
	data = &placement->data;
	asked = &placement->asked;
	begins_call = !data->iocb || data->offset == asked->begin;
	if (data->iocb && begins_call && covers_call(data, asked)) {
		set_whole_call(slot, asked);
		return NO_CALL;
	}
	index = find_call(asked->key);
	call = call_at(index);
	if (call && continues_call(call, data, asked)) {
		join_call(call, data, placement->now);
	} else {
		if (call)
			close_call(call, asked->key);
		if (!begins_call) {
			count_lost(FUSESCOPE_LOST_CALL_BEGINNING);
			return NO_CALL;
		}
		if (covers_call(data, asked)) {
			set_whole_call(slot, asked);
			return NO_CALL;
		}
		index = open_call(placement);
		call = call_at(index);
		if (!call)
			return NO_CALL;
	}
	slot->part = FUSESCOPE_PART_OF_CALL;
	slot->call_slot = index;
	slot->call_generation = call->generation;
	return call->requests == 2 ? index : NO_CALL;
}

/* Why a call was split, decided once: when its second request shows that it is. */
static __always_inline void decide_cause(struct fusescope_call *call, struct fuse_conn *connection)
{
	struct fusescope_limits limits = {};

	limits_of(connection, &limits);
	call->cause = cause_of(call, &limits);
}

/* Finds the call behind a data request. Returns the number of the system call that it was sent
 * from, or -1 where that is of no interest. */
static __always_inline long find_caller(struct asked *asked, struct data_request *data,
					struct fuse_req *req, struct fuse_conn *connection)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_struct *found = NULL;
	long number = -1;

	if (data->background && !data->io && data->op == FUSESCOPE_WRITE)
		return number; /* writeback: no call, whoever sends it */
	if (data->iocb)
		ask_request(asked, data);
	data->deferred = data->background && is_deferred(req, connection, task);
	if (data->deferred) {
		/* in.h.pid counts in the mount's pid namespace; tasks are found in the host's. */
		if (!READ_FIELD(READ_FIELD(connection, pid_ns), level))
			found = bpf_task_from_pid(READ_FIELD(req, in.h.pid));
		if (!found)
			return number;
		task = found;
	}
	if (data->iocb)
		ask_direct(asked, task, data);
	else
		ask_buffered(asked, task, data);
	number = syscall_number(task, AS_STRUCT(pt_regs, bpf_task_pt_regs(task)));
	if (found)
		bpf_task_release(found);
	return number;
}

/* A READ or WRITE: whose it is, and what it carries. */
static __always_inline void on_data_request(struct fusescope_inflight *slot, struct fuse_req *req,
					    struct fuse_args *args, __u32 mount, __u8 op, __u64 now)
{
	struct fuse_conn *connection = READ_FIELD(READ_FIELD(req, fm), fc);
	struct fusescope_mount_stats *stats = stats_of_mount(mount);
	struct placement placement = {.now = now, .mount = mount};
	struct data_request *data = &placement.data;
	struct asked *asked = &placement.asked;
	__u32 origin = FUSESCOPE_ORIGIN_CALL;
	struct fusescope_call *split;
	long number;

	read_data_request(data, req, args, op);
	number = find_caller(asked, data, req, connection);
	if (!asked->is_call || !serves_call(data, asked)) {
		asked->is_call = false;
		origin = origin_without_call(data, number);
	}
	if (stats)
		count_data_request(&stats->ops[op & 1].data, data, origin);
	if (!slot || !asked->is_call)
		return;
	placement.tid =
		data->deferred ? READ_FIELD(req, in.h.pid) : (__u32)bpf_get_current_pid_tgid();
	slot->bytes = data->bytes;
	slot->op = op;
	slot->mode = data->iocb ? FUSESCOPE_DIRECT : FUSESCOPE_BUFFERED;
	split = call_at(place_in_call(slot, &placement));
	if (split)
		decide_cause(split, connection);
}

/* Role "sent": the request, at ADDRESS, is about to be queued for the daemon. */
static __always_inline int on_request_sent(struct fuse_req *req, __u64 address)
{
	struct fuse_args *args = READ_FIELD(req, args);
	__u32 opcode = READ_FIELD(args, opcode);
	__u64 now = bpf_ktime_get_ns();
	struct fusescope_inflight *slot;
	__u32 index;

	if (opcode == FUSE_INIT)
		retire_connection(READ_ADDRESS(READ_FIELD(req, fm), fc));
	index = mount_index(READ_FIELD(req, fm), now);
	slot = inflight_at(claim_inflight(address));
	if (slot) {
		slot->sent_ns = now;
		slot->mount = index;
		slot->opcode = opcode;
		slot->part = FUSESCOPE_PART_NONE;
	}
	if (is_data(opcode))
		on_data_request(slot, req, args, index, op_of(opcode), now);
	if (slot)
		slot->request = address;
	return 0;
}

/* The histogram of an opcode other than READ and WRITE; rows are given out as they are needed. */
static __always_inline struct fusescope_duration_stats *duration_row(__u32 mount, __u32 opcode)
{
	__u32 last = FUSESCOPE_MAX_OPCODES - 1;
	__u32 key = mount * FUSESCOPE_MAX_OPCODES + (opcode < last ? opcode : last);
	__u64 *row = bpf_map_lookup_elem(&duration_rows, &key);
	__u32 index;

	if (!row)
		return NULL;
	if (!*row) {
		/* Rows count from 1. Of two CPUs that come at once one wastes a row. */
		struct fusescope_self_stats *stats = self();
		__u64 fresh = stats ? __sync_fetch_and_add(&stats->duration_rows_used, 1) + 1
				    : FUSESCOPE_DURATION_ROWS;

		if (fresh >= FUSESCOPE_DURATION_ROWS) {
			count_lost(FUSESCOPE_LOST_DURATION_ROWS);
			return NULL;
		}
		__sync_val_compare_and_swap(row, 0, fresh);
	}
	index = *row;
	return bpf_map_lookup_elem(&durations, &index);
}

static __always_inline void count_duration(const struct fusescope_inflight *slot, __u64 now)
{
	struct fusescope_duration_stats *duration = NULL;
	__u64 elapsed = now - slot->sent_ns;
	__u32 bucket = duration_slot(elapsed);

	if (is_data(slot->opcode)) {
		struct fusescope_mount_stats *stats = stats_of_mount(slot->mount);

		if (stats)
			duration = &stats->ops[op_of(slot->opcode) & 1].duration;
	} else {
		duration = duration_row(slot->mount, slot->opcode);
	}
	if (!duration)
		return;
	if (bucket < FUSESCOPE_DURATION_SLOTS)
		add(&duration->slots[bucket], 1);
	add(&duration->sum_ns, elapsed);
}

/* Whether no further request of this call can come, now that one of its requests has ended. */
static __always_inline bool is_complete(const struct fusescope_call *call, bool stops_call)
{
	if (call->mode == FUSESCOPE_BUFFERED && call->op == FUSESCOPE_READ)
		return false;
	return call->sent_bytes >= call->asked_bytes || (!call->background && stops_call);
}

static __always_inline void end_part(const struct fusescope_inflight *slot, bool stops_call,
				     __u64 now)
{
	struct fusescope_call *call = call_at(slot->call_slot);
	__u64 key;

	/* A call whose task was killed is counted before its last request ends. */
	if (!call || call->generation != slot->call_generation)
		return;
	key = call->key;
	call->last_ns = now;
	if (__sync_fetch_and_add(&call->pending, -1) == 1 && is_complete(call, stops_call))
		close_call(call, key);
}

/* An error or a short reply ends a call whose requests wait for each other: fuse_direct_io(). */
static __always_inline bool reply_stops_call(struct fuse_req *req,
					     const struct fusescope_inflight *slot)
{
	if (READ_FIELD(req, out.h.error))
		return true;
	return slot->op == FUSESCOPE_READ &&
	       READ_FIELD(req, out.h.len) < slot->bytes + OUT_HEADER_BYTES;
}

/* Role "ended": the reply is in, or the connection was aborted. */
static __always_inline int on_request_ended(struct fuse_req *req, __u64 address)
{
	struct fusescope_inflight *slot = inflight_at(find_inflight(address));
	__u64 now = bpf_ktime_get_ns();

	if (!slot) {
		/* Refused after a disconnect: such a request ends without ever being sent. */
		if (READ_FIELD(req, in.h.unique))
			count_lost(FUSESCOPE_LOST_UNMATCHED_END);
		return 0;
	}
	count_duration(slot, now);
	if (slot->part == FUSESCOPE_PART_WHOLE) {
		struct fusescope_io_stats *io = io_stats(slot->mount, slot->op, slot->mode);

		if (io)
			count_call(io, 1, slot->segments, slot->asked_bytes);
	} else if (slot->part == FUSESCOPE_PART_OF_CALL) {
		end_part(slot, reply_stops_call(req, slot), now);
	}
	slot->request = 0;
	return 0;
}

#endif
