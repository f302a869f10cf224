// SPDX-License-Identifier: Apache-2.0
#include "agent/observe/connection_rows.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace fusescope {
namespace {

// The calls of a connection that was aborted return, or are found to have ended, a little later
// than it is gone: until then its row is not given to another, which would count them.
constexpr std::chrono::seconds kLeavingTime{1};

// After which a connection is unknown, though not all mount tables were read.
constexpr std::chrono::seconds kNamingTime{10};

auto key_of(const Row& row) {
  return std::tuple(row.index, row.claimed_ns, row.device, row.address & ~FUSESCOPE_RETIRED);
}

ConnectionRows::Clock::time_point claimed_at(const Row& row) {
  return ConnectionRows::Clock::time_point(std::chrono::nanoseconds(row.claimed_ns));
}

}  // namespace

MountIdentity unknown_mount() {
  return {.mountpoint = "unknown", .fstype = "unknown", .source = ""};
}

void ConnectionRows::read() { rows_ = table_.rows(); }

// A mount that comes while the tables are read may have the device number of one that has gone. It
// is in a table only after its row was claimed: INIT is sent by fuse_fill_super()
// (fs/fuse/inode.c), before the mount is attached. So a table tells of the row that has the number
// as of afterwards, if that was there before.
void ConnectionRows::keep_unchanged() {
  std::vector<Row> unchanged;
  newest_claims_.clear();
  changed_ = 0;
  for (const Row& row : table_.rows()) {
    if (!row.retired) {
      std::uint64_t& newest = newest_claims_[row.device];
      newest = std::max(newest, row.claimed_ns);
    }
    if (std::ranges::find(rows_, key_of(row), key_of) != rows_.end()) {
      unchanged.push_back(row);
    } else {
      changed_++;
    }
  }
  rows_ = std::move(unchanged);
}

bool ConnectionRows::are_scarce() const { return rows_.size() > FUSESCOPE_MAX_MOUNTS / 2; }

// Whether the device number of a row is another connection's now.
bool ConnectionRows::is_superseded(const Row& row, const HostConnections& host) const {
  const auto newest = newest_claims_.find(row.device);
  if (newest != newest_claims_.end() && newest->second > row.claimed_ns) return true;
  const auto open = host.open.find(row.device);
  return claimed_at(row) < host.open_as_of && open != host.open.end() &&
         open->second.address != row.address;
}

bool ConnectionRows::is_called(const Row& row, const MountIdentity& identity) const {
  return name_of(row.index) == identity;
}

// Virtiofs has no open /dev/fuse that would show it.
bool ConnectionRows::is_being_mounted(const Row& row) const {
  const auto naming = naming_.find(row.index);
  return naming != naming_.end() && !naming->second.identity && is_in_no_table_ && !are_scarce() &&
         Clock::now() - naming->second.since < kLeavingTime;
}

bool ConnectionRows::is_present(const Row& row, const HostConnections& host) const {
  if (row.retired || is_superseded(row, host)) return false;
  if (host.detached.contains(row.address)) return true;
  const auto mount = host.mounts.find(row.device);
  if (mount == host.mounts.end()) return is_being_mounted(row);
  // The device number of one that is gone may be another mount's, which has no row.
  return !is_leaving(row.index) || is_called(row, unknown_mount()) || is_called(row, mount->second);
}

// Whether a row that no table names may have a name soon.
bool ConnectionRows::is_awaited(const Row& row, const Naming& naming,
                                const HostConnections& host) const {
  return is_in_no_table_ && is_present(row, host) && !is_in_no_table_(row.device) &&
         Clock::now() - naming.since < kNamingTime;
}

// What was counted until now stays where it was shown.
void ConnectionRows::rename(const Row& row, Naming& naming, const MountIdentity& to) {
  if (naming.identity && labels_of(*naming.identity) != labels_of(to)) {
    count(row.index, *naming.identity, table_.ended(row.index));
    ledger_.leave(*naming.identity);
    renamed_++;
  }
  naming.identity = to;
}

void ConnectionRows::identify(const HostConnections& host) {
  for (const Row& row : rows_) {
    Naming& naming =
        naming_.try_emplace(row.index, Naming{.identity = {}, .since = Clock::now()}).first->second;
    const auto mount = host.mounts.find(row.device);
    if (mount != host.mounts.end() && is_present(row, host)) {
      rename(row, naming, mount->second);
    } else if (!naming.identity && !is_awaited(row, naming, host)) {
      naming.identity = unknown_mount();
    }
  }
}

void ConnectionRows::count(std::uint32_t row, const MountIdentity& identity, Ended ended) {
  Counters& before = counted_[row];
  const Counters grown = growth(table_.counters(row, std::move(ended)), before);
  ledger_.add(identity, grown);
  add(before, grown);
}

// One look at a row whose connection is gone.
void ConnectionRows::leave(const Row& row) {
  const auto now = Clock::now();
  const MountIdentity identity = name_of(row.index).value_or(unknown_mount());
  const auto [left, is_new] = leaving_.try_emplace(row.index, now);
  if (is_new) {
    table_.drop_unmounted(row.index);
    ledger_.leave(identity);
  }
  count(row.index, identity, table_.ended(row.index));
  if (are_scarce() || now - left->second >= kLeavingTime) {
    naming_.erase(row.index);
    leaving_.erase(left);
    table_.release(row.index);
  }
}

void ConnectionRows::release_gone(const HostConnections& host) {
  for (const Row& row : rows_) {
    if (is_present(row, host)) {
      leaving_.erase(row.index);  // the tables were read while it came or went
    } else {
      leave(row);
    }
  }
  std::erase_if(
      rows_, [&](const Row& row) { return is_leaving(row.index) || !naming_.contains(row.index); });
}

const std::optional<MountIdentity>& ConnectionRows::name_of(std::uint32_t row) const {
  static const std::optional<MountIdentity> kNone;
  const auto naming = naming_.find(row);
  return naming == naming_.end() ? kNone : naming->second.identity;
}

std::uint64_t ConnectionRows::unnamed() const {
  const auto unnamed =
      std::ranges::count_if(rows_, [&](const Row& row) { return !name_of(row.index).has_value(); });
  return changed_ + static_cast<std::uint64_t>(unnamed);
}

}  // namespace fusescope
