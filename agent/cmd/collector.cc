// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/collector.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "agent/host/readahead.h"

namespace fusescope {
namespace {

// The walk over all open files of the host takes at most one part in so many of the time.
constexpr int kWalkShare = 100;

// Mounts that are gone and whose counters are remembered.
constexpr std::size_t kRetiredLimit = std::size_t{4} * FUSESCOPE_MAX_MOUNTS;

// Connections that are in no mount table: mounted and gone between two looks, or detached before
// the agent came.
const MountIdentity kUnknown = {.mountpoint = "unknown", .fstype = "unknown", .source = ""};

// Connections beyond FUSESCOPE_MAX_MOUNTS.
const MountIdentity kOther = {.mountpoint = "other", .fstype = "other", .source = ""};

std::optional<std::uint64_t> readahead_of(std::uint32_t device,
                                          const std::optional<fusescope_limits>& limits) {
  if (auto bytes = readahead_bytes(device)) return bytes;
  if (!limits || !limits->readahead_pages) return std::nullopt;
  return std::uint64_t{limits->readahead_pages} * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

// A walk is due when its share of the time allows it, and at once when a connection is found that
// is mounted no more: is its daemon still there?
Result<void> Collector::refresh_devices(const std::vector<Row>& rows,
                                        const MountsByDevice& mounts) {
  const auto is_newly_detached = [&](const Row& row) {
    return row.address && !mounts.contains(row.device) && !detached_.contains(row.address);
  };
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_device_walk_ && std::ranges::none_of(rows, is_newly_detached)) return {};
  auto records = reader_.devices();
  if (!records) return std::unexpected(records.error());
  devices_.clear();
  detached_.clear();
  for (const fusescope_device_record& record : *records) {
    devices_[record.device] = record;
    if (!mounts.contains(record.device)) detached_.insert(record.address);
  }
  const auto end = std::chrono::steady_clock::now();
  next_device_walk_ = end + kWalkShare * (end - begin);
  return {};
}

std::set<std::uint32_t> Collector::seen_devices(const std::vector<Row>& rows) const {
  std::set<std::uint32_t> seen;
  for (const auto& [device, record] : devices_) seen.insert(device);
  for (const Row& row : rows) {
    if (row.address) seen.insert(row.device);
  }
  return seen;
}

// What is known without any request: the limits, by the daemon's open /dev/fuse, and readahead.
void Collector::complete(MountSnapshot& mount) const {
  const std::uint32_t device = mount.identity.device;
  if (const auto open = devices_.find(device); device && open != devices_.end()) {
    const std::uint32_t pages = mount.limits ? mount.limits->readahead_pages : 0;
    mount.limits = open->second.limits;
    mount.limits->readahead_pages = pages;
  }
  if (device) mount.readahead_bytes = readahead_of(device, mount.limits);
}

// Rows of connections that can send no more: their memory or their device number is another's, or
// they are neither mounted nor open in a daemon.
std::set<std::uint32_t> Collector::gone_rows(const std::vector<Row>& rows,
                                             const MountsByDevice& mounts) const {
  std::map<std::uint32_t, std::uint64_t> latest;
  for (const Row& row : rows) {
    auto& claimed = latest[row.device];
    if (!row.retired) claimed = std::max(claimed, row.claimed_ns);
  }
  std::set<std::uint32_t> gone;
  for (const Row& row : rows) {
    if (row.index == FUSESCOPE_OTHER_MOUNT) continue;
    const bool is_present = mounts.contains(row.device) || detached_.contains(row.address);
    if (row.retired || row.claimed_ns < latest[row.device] || !is_present) gone.insert(row.index);
  }
  return gone;
}

MountSnapshot Collector::snapshot_of(const Row& row, const MountsByDevice& mounts, bool gone) {
  const auto mount = mounts.find(row.device);
  if (row.index == FUSESCOPE_OTHER_MOUNT) {
    identity_[row.index] = kOther;
  } else if (mount != mounts.end() && !gone) {
    identity_[row.index] = mount->second;
  } else {
    identity_.try_emplace(row.index, kUnknown);
  }
  MountSnapshot snapshot;
  snapshot.identity = identity_[row.index];
  snapshot.counters = difference(row.counters, baseline_[row.index]);
  snapshot.in_flight = row.in_flight;
  if (row.index != FUSESCOPE_OTHER_MOUNT) snapshot.limits = row.limits;
  return snapshot;
}

// Mounts that have sent no request yet, as far as there is room for them.
void Collector::add_silent_mounts(const std::set<std::uint32_t>& with_row,
                                  const MountsByDevice& mounts, std::vector<MountSnapshot>& into) {
  for (const auto& [device, identity] : mounts) {
    if (with_row.contains(device)) continue;
    if (into.size() >= FUSESCOPE_MAX_MOUNTS) {
      dropped_.insert(device);
      continue;
    }
    into.emplace_back().identity = identity;
  }
}

void Collector::add_retired(std::vector<MountSnapshot>& mounts) const {
  for (MountSnapshot& mount : mounts) {
    const auto found = retired_.find({mount.identity.mountpoint, mount.identity.fstype});
    if (found != retired_.end()) add(mount.counters, found->second);
  }
}

void Collector::release(const Row& row) {
  const MountIdentity& identity = identity_[row.index];
  const Labels labels{identity.mountpoint, identity.fstype};
  const auto [entry, is_new] = retired_.try_emplace(labels);
  add(entry->second, difference(row.counters, baseline_[row.index]));
  if (is_new) retired_order_.push_back(labels);
  if (retired_order_.size() > kRetiredLimit) {
    retired_.erase(retired_order_.front());
    retired_order_.pop_front();
  }
  baseline_[row.index] = row.counters;
  identity_.erase(row.index);
  reader_.release(row.index);
}

Result<Snapshot> Collector::collect() {
  if (auto settled = reader_.settle(); !settled) return std::unexpected(settled.error());
  auto rows = reader_.rows();
  if (!rows) return std::unexpected(rows.error());
  const MountsByDevice mounts = mounts_.find(seen_devices(*rows));
  if (auto walked = refresh_devices(*rows, mounts); !walked) {
    return std::unexpected(walked.error());
  }

  Snapshot snapshot;
  const std::set<std::uint32_t> gone = gone_rows(*rows, mounts);
  std::set<std::uint32_t> devices_with_row;
  for (const Row& row : *rows) {
    snapshot.mounts.push_back(snapshot_of(row, mounts, gone.contains(row.index)));
    if (!gone.contains(row.index)) devices_with_row.insert(row.device);
  }
  add_silent_mounts(devices_with_row, mounts, snapshot.mounts);
  if (retired_.contains({kUnknown.mountpoint, kUnknown.fstype})) {
    snapshot.mounts.emplace_back().identity = kUnknown;
  }
  for (MountSnapshot& mount : snapshot.mounts) complete(mount);
  make_distinct(snapshot.mounts);
  add_retired(snapshot.mounts);
  for (const Row& row : *rows) {
    if (gone.contains(row.index)) release(row);
  }
  snapshot.self = {.stats = reader_.self_stats(),
                   .mounts_dropped = dropped_.size(),
                   .hooks = session_.hooks(),
                   .programs = reader_.programs()};
  return snapshot;
}

}  // namespace fusescope
