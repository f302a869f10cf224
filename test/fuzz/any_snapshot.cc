// SPDX-License-Identifier: Apache-2.0
#include "test/fuzz/any_snapshot.h"

#include "agent/model/label_text.h"

namespace fusescope::fuzz {
namespace {

constexpr unsigned kMostMounts = 3;

void fill(fusescope_duration_stats& stats, Source& source) {
  stats.sum_ns = source.number<std::uint32_t>();
  stats.slots[source.up_to(FUSESCOPE_DURATION_SLOTS - 1)] = source.number<std::uint16_t>();
}

void fill(fusescope_io_stats& stats, Source& source) {
  stats.bytes = source.number<std::uint32_t>();
  stats.extra_segments = source.number<std::uint16_t>();
  stats.requests[source.up_to(FUSESCOPE_REQUESTS_SLOTS - 1)] = source.number<std::uint16_t>();
  const unsigned cause = source.up_to(FUSESCOPE_CAUSES - 1);
  stats.splits[cause] = source.number<std::uint8_t>();
  stats.extra_requests[cause] = source.number<std::uint16_t>();
  stats.needed_extra_requests = source.number<std::uint16_t>();
  stats.most_requests = source.number<std::uint64_t>();
}

void fill(fusescope_data_stats& stats, Source& source) {
  stats.bytes = source.number<std::uint32_t>();
  stats.extra_pages = source.number<std::uint16_t>();
  stats.origins[source.up_to(FUSESCOPE_ORIGINS - 1)] = source.number<std::uint64_t>();
  stats.pages[source.up_to(FUSESCOPE_COUNT_SLOTS - 1)] = source.number<std::uint16_t>();
}

Counters any_counters(Source& source) {
  Counters counters;
  for (fusescope_op_stats& op : counters.data.ops) {
    fill(op.data, source);
    fill(op.duration, source);
    for (fusescope_io_stats& io : op.io) fill(io, source);
  }
  for (fusescope_duration_stats& phase : counters.data.phases) fill(phase, source);
  counters.data.sent_others = source.number<std::uint16_t>();
  counters.data.blocked_ns = source.number<std::uint64_t>();
  fill(counters.durations[source.up_to(FUSESCOPE_MAX_OPCODES - 1)], source);
  const ErrorKey error = {.opcode = source.up_to(FUSESCOPE_MAX_OPCODES - 1),
                          .error = source.number<std::uint32_t>()};
  counters.errors[error] = source.number<std::uint16_t>();
  return counters;
}

// What a snapshot holds of mountinfo: any bytes, or labels since these are made where it is read.
std::string name_of_mount(Source& source) { return to_label(source.text()); }

HookStatus any_hook(Source& source) {
  HookStatus hook;
  hook.role = Role::sent;
  if (source.flag()) {
    hook.mode = HookMode::kprobe;
    hook.programs = {"kprobe_sent"};
  }
  hook.reason = source.text();
  hook.attempts.push_back({.mode = HookMode::fentry,
                           .needs = "function fuse_request_end",
                           .reason = source.text(),
                           .program = source.text()});
  hook.exact = source.flag();
  hook.may_skip = source.flag();
  return hook;
}

}  // namespace

MountSnapshot any_mount(Source& source) {
  MountSnapshot mount;
  mount.identity = {.mountpoint = name_of_mount(source),
                    .fstype = name_of_mount(source),
                    .source = name_of_mount(source),
                    .device = source.number<std::uint32_t>()};
  mount.daemon = source.text();
  mount.in_flight = source.number<std::uint16_t>();
  mount.oldest_age_ns = source.number<std::uint64_t>();
  mount.oldest_is_older = source.flag();
  if (source.flag()) mount.waiting = source.number<std::uint32_t>();
  if (source.flag()) mount.readahead_bytes = source.number<std::uint64_t>();
  if (source.flag()) mount.limits = source.number<fusescope_limits>();
  mount.counters = any_counters(source);
  return mount;
}

Snapshot any_snapshot(Source& source) {
  Snapshot snapshot;
  snapshot.self.hooks.push_back(any_hook(source));
  for (__u64& lost : snapshot.self.stats.lost) lost = source.number<std::uint8_t>();
  for (unsigned left = source.up_to(kMostMounts); left; left--) {
    snapshot.mounts.push_back(any_mount(source));
  }
  snapshot.processes.push_back({.process = source.number<std::uint32_t>(),
                                .command = source.text(),
                                .mount = any_mount(source)});
  make_distinct(snapshot.mounts);
  return snapshot;
}

HostLimits any_host(Source& source) {
  HostLimits host;
  if (source.flag()) host.max_pages_limit = source.number<std::uint16_t>();
  host.unreadable = source.text();
  return host;
}

}  // namespace fusescope::fuzz
