// SPDX-License-Identifier: Apache-2.0
// A snapshot in which every metric has a series: what the golden file shows.
#pragma once

#include "agent/export/families.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// A path with all that is special to the exposition format, and a byte that is not UTF-8.
inline constexpr const char* kHostileMountpoint = "/mnt/a b\"c\\d\ne\xff";

inline fusescope_limits sample_limits() {
  fusescope_limits limits{};
  limits.max_read = 131072;
  limits.max_write = 1048576;
  limits.max_pages = 256;
  limits.max_background = 12;
  limits.congestion_threshold = 9;
  limits.background = 12;
  limits.initialized = 1;
  return limits;
}

inline fusescope_io_stats& io_of(Counters& counters, fusescope_op op, fusescope_mode mode) {
  return counters.data.ops[op].io[mode];
}

// One direct preadv of 256 x 4 KiB that took eight requests, and three buffered calls.
inline void add_sample_calls(Counters& counters) {
  fusescope_io_stats& direct = io_of(counters, FUSESCOPE_READ, FUSESCOPE_DIRECT);
  direct.requests[4] = 1;
  direct.extra_segments = 255;
  direct.bytes = 1048576;
  direct.splits[FUSESCOPE_CAUSE_MAX_READ] = 1;
  direct.extra_requests[FUSESCOPE_CAUSE_MAX_READ] = 7;
  fusescope_io_stats& buffered = io_of(counters, FUSESCOPE_WRITE, FUSESCOPE_BUFFERED);
  buffered.requests[0] = 1;
  buffered.requests[1] = 1;
  buffered.requests[FUSESCOPE_REQUESTS_SLOTS - 1] = 1;
  buffered.bytes = 409604096;
  buffered.splits[FUSESCOPE_CAUSE_UNKNOWN] = 1;
  buffered.extra_requests[FUSESCOPE_CAUSE_UNKNOWN] = 99999;
  buffered.needed_extra_requests = 390;
}

inline void add_sample_requests(Counters& counters) {
  fusescope_op_stats& read = counters.data.ops[FUSESCOPE_READ];
  read.data.pages[5] = 9;
  read.data.extra_pages = 288 - 9;
  read.data.bytes = 1179648;
  read.data.origins[FUSESCOPE_ORIGIN_CALL] = 8;
  read.data.origins[FUSESCOPE_ORIGIN_READAHEAD] = 1;
  read.duration.slots[7] = 9;
  read.duration.sum_ns = 1'000'000;
  counters.data.phases[FUSESCOPE_PHASE_QUEUED].slots[2] = 9;
  counters.data.phases[FUSESCOPE_PHASE_QUEUED].sum_ns = 30'000;
  counters.data.phases[FUSESCOPE_PHASE_SERVICE].slots[6] = 9;
  counters.data.phases[FUSESCOPE_PHASE_SERVICE].sum_ns = 500'000;
  fusescope_duration_stats& lookups = counters.durations[1];
  lookups.slots[0] = 1;
  lookups.slots[1] = 2;
  lookups.slots[FUSESCOPE_DURATION_SLOTS - 1] = 1;
  lookups.sum_ns = 68'500'000'000;
  counters.durations[FUSESCOPE_MAX_OPCODES - 1].slots[3] = 1;
  counters.durations[FUSESCOPE_MAX_OPCODES - 1].sum_ns = 5'000;
  counters.data.sent_others = 8;
  counters.data.interrupted = 2;
  counters.data.blocked_ns = 1'500'000'000;
  counters.errors[{.opcode = 1, .error = 2}] = 3;     // ENOENT
  counters.errors[{.opcode = 15, .error = 511}] = 1;  // of no name
}

inline MountSnapshot busy_mount() {
  MountSnapshot mount;
  mount.identity = {.mountpoint = kHostileMountpoint,
                    .fstype = "fuse.sample",
                    .source = "server:/\xe9\"\\",
                    .device = 41};
  add_sample_calls(mount.counters);
  add_sample_requests(mount.counters);
  mount.in_flight = 3;
  mount.waiting = 4;
  mount.oldest_age_ns = 2'500'000'000;
  mount.blocked_threads = 30;
  mount.limits = sample_limits();
  mount.readahead_bytes = 131072;
  return mount;
}

inline MountSnapshot silent_mount() {
  MountSnapshot mount;
  mount.identity = {
      .mountpoint = "/mnt/silent", .fstype = "virtiofs", .source = "", .device = 8U << 20 | 1};
  return mount;
}

inline SelfSnapshot sample_self() {
  SelfSnapshot self;
  for (int i = 0; i < FUSESCOPE_LOSSES; i++) self.stats.lost[i] = static_cast<__u64>(i + 1);
  self.stats.notes[FUSESCOPE_NOTE_INFLIGHT_COLLISION] = 21;
  self.stats.notes[FUSESCOPE_NOTE_CALL_ESTIMATED] = 22;
  self.mounts_dropped = 23;
  self.mounts_unnamed = 24;
  self.mounts_renamed = 25;
  self.mounts_forgotten = 26;
  self.mount_tables_repeated = 27;
  self.mount_tables_cut = 28;
  self.mount_tables_age_seconds = 2.5;
  self.hooks = {{.role = Role::blocked,
                 .mode = HookMode::fentry,
                 .programs = {"blocked_program"},
                 .attempts = {},
                 .reason = ""},
                {.role = Role::sent,
                 .mode = HookMode::fentry,
                 .programs = {"sent_program", "sent_elsewhere"},
                 .attempts = {},
                 .reason = ""},
                {.role = Role::taken,
                 .programs = {},
                 .attempts = {{.mode = HookMode::kprobe,
                               .needs = "function fuse_copy_args",
                               .reason = "load: no such\nprogram \xff",
                               .program = "kprobe_request_taken_copy"}},
                 .reason = "load: no such\nprogram \xff"},
                {.role = Role::call,
                 .mode = HookMode::tracepoint,
                 .programs = {"sent_program"},
                 .attempts = {},
                 .reason = "",
                 .exact = false}};
  self.programs = {{.name = "sent_program", .runs = 1000, .run_nanoseconds = 250'000, .missed = 2},
                   {.name = "without_statistics", .runs = 0, .run_nanoseconds = 0, .missed = 3}};
  return self;
}

inline Snapshot sample_snapshot() {
  return {.mounts = {busy_mount(), silent_mount()}, .self = sample_self()};
}

inline ExportContext sample_context() {
  return {.version = "1.2.3",
          .revision = "abcdef0",
          .scrape_seconds = 0.25,
          .states = {MountState::split, MountState::idle},
          .web = {.requests = {{{"metrics", 200}, 12}, {{"other", 404}, 1}},
                  .config_is_in_force = true,
                  .exceptions = {.http = 1, .housekeeping = 2}},
          .conditions = {.kernel = {.fuse = FuseDriver::built_in}}};
}

}  // namespace fusescope
