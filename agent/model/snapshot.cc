// SPDX-License-Identifier: Apache-2.0
#include "agent/model/snapshot.h"

#include <algorithm>
#include <functional>
#include <span>
#include <tuple>
#include <utility>

#include "agent/model/stats.h"

namespace fusescope {
namespace {

// The statistics structs of the kernel side are arrays of 64-bit counters, and nothing else.
template <class Stats>
auto counters_of(Stats& stats) {
  static_assert(sizeof(Stats) % sizeof(__u64) == 0);
  using Counter = std::conditional_t<std::is_const_v<Stats>, const __u64, __u64>;
  return std::span<Counter>(reinterpret_cast<Counter*>(&stats), sizeof(Stats) / sizeof(__u64));
}

template <class Stats, class Operation>
void combine(Stats& into, const Stats& from, Operation operation) {
  const auto target = counters_of(into);
  std::ranges::transform(target, counters_of(from), target.begin(), operation);
}

// The most requests of a call are no sum: the higher number is that of both readings together, and
// the most that is known of the time between them.
template <class Operation>
void combine_mounts(fusescope_mount_stats& into, const fusescope_mount_stats& from,
                    Operation operation) {
  const fusescope_mount_stats before = into;
  combine(into, from, operation);
  for (const auto op : {FUSESCOPE_READ, FUSESCOPE_WRITE}) {
    for (const auto mode : {FUSESCOPE_DIRECT, FUSESCOPE_BUFFERED}) {
      into.ops[op].io[mode].most_requests =
          std::max(before.ops[op].io[mode].most_requests, from.ops[op].io[mode].most_requests);
    }
  }
}

template <class Operation>
void combine_all(Counters& into, const Counters& from, Operation operation) {
  combine_mounts(into.data, from.data, operation);
  for (const auto& [opcode, duration] : from.durations) {
    combine(into.durations[opcode], duration, operation);
  }
  for (const auto& [key, count] : from.errors) {
    into.errors[key] = operation(into.errors[key], count);
  }
}

template <class Operation>
Counters without_zeros(Counters now, const Counters& before, Operation operation) {
  combine_all(now, before, operation);
  std::erase_if(now.durations, [](const auto& entry) { return count_of(entry.second) == 0; });
  std::erase_if(now.errors, [](const auto& entry) { return entry.second == 0; });
  return now;
}

auto labels_of(const MountSnapshot& mount) {
  return std::tie(mount.identity.mountpoint, mount.identity.fstype);
}

}  // namespace

void add(Counters& into, const Counters& from) { combine_all(into, from, std::plus<>()); }

void add(fusescope_mount_stats& into, const fusescope_mount_stats& from) {
  combine_mounts(into, from, std::plus<>());
}

void add(fusescope_duration_stats& into, const fusescope_duration_stats& from) {
  combine(into, from, std::plus<>());
}

fusescope_duration_stats all_durations(const Counters& counters) {
  fusescope_duration_stats all{};
  for (const auto& op : counters.data.ops) add(all, op.duration);
  for (const auto& [opcode, duration] : counters.durations) add(all, duration);
  return all;
}

Counters difference(const Counters& now, const Counters& before) {
  return without_zeros(now, before, std::minus<>());
}

Counters growth(const Counters& now, const Counters& before) {
  return without_zeros(now, before, [](std::uint64_t later, std::uint64_t earlier) {
    return later > earlier ? later - earlier : 0;
  });
}

bool is_later(const Counters& now, const Counters& before) {
  return std::ranges::equal(counters_of(now.data), counters_of(before.data),
                            std::greater_equal<>());
}

const char* transport_of(const MountSnapshot& mount) {
  if (mount.identity.fstype == "virtiofs") return "virtiofs";
  return mount.limits && mount.limits->io_uring ? "io_uring" : "dev_fuse";
}

bool is_empty(const Counters& counters) {
  const auto is_zero = [](std::uint64_t count) { return count == 0; };
  return counters.durations.empty() && std::ranges::all_of(counters_of(counters.data), is_zero);
}

void make_distinct(std::vector<MountSnapshot>& mounts) {
  std::ranges::stable_sort(mounts, {}, labels_of);
  std::vector<MountSnapshot> distinct;
  for (MountSnapshot& mount : mounts) {
    if (distinct.empty() || labels_of(distinct.back()) != labels_of(mount)) {
      distinct.push_back(std::move(mount));
      continue;
    }
    MountSnapshot& first = distinct.back();
    add(mount.counters, first.counters);
    mount.in_flight += first.in_flight;
    mount.blocked_threads += first.blocked_threads;
    mount.oldest_age_ns = std::max(mount.oldest_age_ns, first.oldest_age_ns);
    mount.oldest_is_older = mount.oldest_is_older || first.oldest_is_older;
    if (first.waiting) mount.waiting = mount.waiting.value_or(0) + *first.waiting;
    first = std::move(mount);
  }
  mounts = std::move(distinct);
}

}  // namespace fusescope
