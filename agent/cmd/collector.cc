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

constexpr std::uint32_t kOtherDevice = ~0U;  // sorts behind all devices, and is none

MountIdentity identity_of_other_mounts() {
  return {.mountpoint = "other", .fstype = "other", .source = "", .device = kOtherDevice};
}

// A connection that is in no mount table that this process can read.
MountIdentity identity_of_unknown(std::uint32_t device) {
  return {.mountpoint = "unknown:" + std::to_string(device),
          .fstype = "unknown",
          .source = "",
          .device = device};
}

std::optional<std::uint64_t> readahead_of(std::uint32_t device,
                                          const std::optional<fusescope_limits>& limits) {
  if (auto bytes = readahead_bytes(device)) return bytes;
  if (!limits || !limits->readahead_pages) return std::nullopt;
  return std::uint64_t{limits->readahead_pages} * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Result<void> Collector::refresh_devices() {
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_device_walk_) return {};
  auto records = reader_.devices();
  if (!records) return std::unexpected(records.error());
  devices_.clear();
  for (const fusescope_device_record& record : *records) devices_[record.device] = record;
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

Collector::MountSnapshots Collector::snapshots_of(const MountsByDevice& mounts) const {
  MountSnapshots snapshots;
  for (const auto& [device, identity] : mounts) {
    MountSnapshot& snapshot = snapshots[device];
    snapshot.identity = identity;
    if (const auto found = devices_.find(device); found != devices_.end()) {
      snapshot.limits = found->second.limits;
    }
  }
  return snapshots;
}

void Collector::add_row(const Row& row, const MountsByDevice& mounts, MountSnapshots& into) {
  const bool is_other = row.index == FUSESCOPE_OTHER_MOUNT;
  const std::uint32_t device = is_other ? kOtherDevice : row.device;
  MountSnapshot& snapshot = into[device];
  if (const auto mount = mounts.find(device); mount != mounts.end()) {
    last_identity_[row.index] = mount->second;
  } else if (is_other) {
    last_identity_[row.index] = identity_of_other_mounts();
  } else {
    last_identity_.try_emplace(row.index, identity_of_unknown(device));
  }
  snapshot.identity = last_identity_[row.index];
  add(snapshot.counters, difference(row.counters, baseline_[row.index]));
  snapshot.in_flight += row.in_flight;
  if (!is_other && !snapshot.limits) snapshot.limits = row.limits;
}

bool Collector::is_gone(const Row& row, const MountsByDevice& mounts) const {
  if (row.index == FUSESCOPE_OTHER_MOUNT) return false;
  const auto open = devices_.find(row.device);
  if (open != devices_.end()) return open->second.address != row.address;
  return !mounts.contains(row.device);
}

void Collector::release(const Row& row) {
  baseline_[row.index] = row.counters;
  last_identity_.erase(row.index);
  reader_.release(row.index);
}

void Collector::keep_within_limit(const std::vector<Row>& rows, MountSnapshots& snapshots) {
  std::set<std::uint32_t> with_row;
  for (const Row& row : rows) {
    with_row.insert(row.index == FUSESCOPE_OTHER_MOUNT ? kOtherDevice : row.device);
  }
  std::size_t room = FUSESCOPE_MAX_MOUNTS - std::min<std::size_t>(FUSESCOPE_MAX_MOUNTS, rows.size());
  std::erase_if(snapshots, [&](const auto& entry) {
    if (with_row.contains(entry.first)) return false;
    if (room > 0) {
      room--;
      return false;
    }
    dropped_.insert(entry.first);
    return true;
  });
}

Result<Snapshot> Collector::collect() {
  if (auto settled = reader_.settle(); !settled) return std::unexpected(settled.error());
  auto rows = reader_.rows();
  if (!rows) return std::unexpected(rows.error());
  if (auto walked = refresh_devices(); !walked) return std::unexpected(walked.error());

  const MountsByDevice mounts = mounts_.find(seen_devices(*rows));
  MountSnapshots snapshots = snapshots_of(mounts);
  for (const Row& row : *rows) add_row(row, mounts, snapshots);
  keep_within_limit(*rows, snapshots);
  for (const Row& row : *rows) {
    if (is_gone(row, mounts)) release(row);
  }

  Snapshot snapshot;
  for (auto& [device, mount] : snapshots) {
    mount.readahead_bytes = readahead_of(device, mount.limits);
    snapshot.mounts.push_back(std::move(mount));
  }
  make_distinct(snapshot.mounts);
  snapshot.self = {.stats = reader_.self_stats(),
                   .mounts_dropped = dropped_.size(),
                   .hooks = session_.hooks(),
                   .programs = reader_.programs()};
  return snapshot;
}

}  // namespace fusescope
