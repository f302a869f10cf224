// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/collector.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "agent/host/host_limits.h"
#include "agent/host/processes.h"
#include "agent/host/readahead.h"

namespace fusescope {
namespace {

// The walk over all open files of the host takes at most one part in so many of the time.
constexpr int kWalkShare = 100;

// Between two looks for rows to give back, unless a scrape looks or all are taken: mount tables
// can be long.
constexpr std::chrono::seconds kCleaningInterval{5};

constexpr std::chrono::seconds kLeavingTime{1};
constexpr int kTries = 5;     // at reading rows and mounts that belong together
constexpr int kListings = 5;  // at most, until there are two complete ones of a new connection

// Connections that are in no mount table: mounted and gone between two looks, or detached before
// the agent came.
const MountIdentity kUnknown = {.mountpoint = "unknown", .fstype = "unknown", .source = ""};

// Connections beyond FUSESCOPE_MAX_MOUNTS.
const MountIdentity kOther = {.mountpoint = "other", .fstype = "other", .source = ""};

bool is_process_gone(std::uint32_t process) {
  return process && kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

}  // namespace

std::set<std::uint32_t> Collector::seen_devices() const {
  std::set<std::uint32_t> seen;
  for (const auto& [device, record] : devices_) seen.insert(device);
  for (const Row& row : rows_) seen.insert(row.device);
  return seen;
}

// A walk is due when its share of the time allows it, and at once when it decides whether a row
// can be given back: its connection is mounted no more, or all rows are taken.
Result<void> Collector::refresh_devices() {
  const auto is_newly_detached = [&](const Row& row) {
    return !row.retired && !leaving_.contains(row.index) && !mounts_.contains(row.device) &&
           !detached_.contains(row.address);
  };
  const auto begin = Clock::now();
  if (begin < next_device_walk_ && rows_.size() < FUSESCOPE_MAX_MOUNTS &&
      std::ranges::none_of(rows_, is_newly_detached)) {
    return {};
  }
  auto records = reader_.devices();
  if (!records) return std::unexpected(records.error());
  devices_.clear();
  detached_.clear();
  for (const fusescope_device_record& record : *records) {
    devices_[record.device] = record;
    if (!mounts_.contains(record.device)) detached_.insert(record.address);
  }
  daemons_.update(*records);
  devices_as_of_ = begin;
  if (auto followed = follow_earlier(); !followed) return followed;
  const auto end = Clock::now();
  next_device_walk_ = end + kWalkShare * (end - begin);
  return {};
}

Addresses Collector::connections() const {
  Addresses addresses;
  for (const auto& [device, record] : devices_) addresses.insert(record.address);
  for (const Row& row : rows_) {
    if (!row.retired) addresses.insert(row.address);
  }
  return addresses;
}

// Requests that were sent before the agent began.
Result<void> Collector::follow_earlier() {
  const Addresses now = connections();
  if (!earlier_.needs_listing(now)) return {};
  for (int i = 0; i == 0 || (i < kListings && !earlier_.knows(now)); i++) {
    const auto listing = reader_.list_requests();
    if (!listing) return std::unexpected(listing.error());
    earlier_.look(now, *listing);
  }
  return {};
}

// Whether the device number of a row is another connection's now.
bool Collector::is_superseded(const Row& row) const {
  const auto is_newer = [&](const Row& other) {
    return !other.retired && other.device == row.device && other.claimed_ns > row.claimed_ns;
  };
  if (std::ranges::any_of(rows_, is_newer)) return true;
  const auto open = devices_.find(row.device);
  const bool walked_later =
      Clock::time_point(std::chrono::nanoseconds(row.claimed_ns)) < devices_as_of_;
  return walked_later && open != devices_.end() && open->second.address != row.address;
}

bool Collector::is_present(const Row& row) const {
  if (row.retired || is_superseded(row)) return false;
  if (detached_.contains(row.address)) return true;
  const auto mount = mounts_.find(row.device);
  if (mount == mounts_.end()) return false;
  // The device number of one that is gone may be another mount's, which has no row.
  const auto left = leaving_.find(row.index);
  return left == leaving_.end() || identity_.at(row.index) == kUnknown ||
         identity_.at(row.index) == mount->second;
}

// Names rows while their mounts are there.
void Collector::identify() {
  for (const Row& row : rows_) {
    const auto mount = mounts_.find(row.device);
    if (mount != mounts_.end() && is_present(row)) identity_[row.index] = mount->second;
    identity_.try_emplace(row.index, kUnknown);
  }
}

Counters Collector::counted(std::uint32_t row, Ended ended) {
  return difference(reader_.counters(row, std::move(ended)), baseline_[row]);
}

Collector::EndedByRow Collector::ended_by_row() const {
  EndedByRow ended;
  for (const Row& row : rows_) ended[row.index] = reader_.ended(row.index);
  ended[FUSESCOPE_OTHER_MOUNT] = reader_.ended(FUSESCOPE_OTHER_MOUNT);
  return ended;
}

// The calls of a connection that was aborted return, or are settled, a little later than it is
// gone: until then its row is not given to another, which would count them; unless rows are scarce.
void Collector::release_gone() {
  const auto now = Clock::now();
  const bool is_scarce = rows_.size() > FUSESCOPE_MAX_MOUNTS / 2;
  for (const Row& row : rows_) {
    if (is_present(row)) {
      leaving_.erase(row.index);  // the tables were read while it came or went
      continue;
    }
    const auto [left, is_new] = leaving_.try_emplace(row.index, now);
    const Counters counters = counted(row.index, reader_.ended(row.index));
    if (is_new || !is_empty(counters)) {
      departed_.add(identity_[row.index], counters);
      add(baseline_[row.index], counters);
    }
    if (is_new) reader_.drop_unmounted(row.index);
    if (is_scarce || now - left->second >= kLeavingTime) {
      identity_.erase(row.index);
      leaving_.erase(left);
      reader_.release(row.index);
    }
  }
  std::erase_if(rows_, [&](const Row& row) {
    return leaving_.contains(row.index) || !identity_.contains(row.index);
  });
}

// fs.fuse.max_pages_limit can be set at any time, and comes with the module of FUSE.
void Collector::follow_host_limits() const { session_.follow(read_host_limits()); }

Result<void> Collector::refresh() {
  follow_host_limits();
  if (auto settled = reader_.settle(); !settled) return settled;
  // Before the mount tables: limits of a connection that is gone by then are not shown.
  if (auto limits = reader_.refresh_limits(); !limits) return limits;
  // A mount that comes while the tables are read may have the device number of one that has gone:
  // rows and mounts belong together only if no row changed hands in between.
  for (int tries = 0; tries < kTries; tries++) {
    rows_ = reader_.rows();
    mounts_ = host_mounts_.find(seen_devices());
    if (std::ranges::equal(rows_, reader_.rows(), {}, &Row::claimed_ns, &Row::claimed_ns)) break;
  }
  if (auto walked = refresh_devices(); !walked) return walked;
  identify();
  release_gone();
  // The kernel side knows threads by the host's ids only.
  if (is_host_pid_namespace()) {
    reader_.drop_killed([](pid_t thread) { return is_thread_gone(thread); });
  }
  return {};
}

Result<void> Collector::keep_house() {
  follow_host_limits();
  if (auto settled = reader_.settle(); !settled) return settled;
  const auto now = Clock::now();
  const std::size_t rows = reader_.rows().size();
  const bool is_due = now >= next_cleaning_ || rows >= FUSESCOPE_MAX_MOUNTS;
  if (rows == 0 || !is_due) return {};
  next_cleaning_ = now + kCleaningInterval;
  return refresh();
}

void Collector::add_rows(EndedByRow& ended, InFlightByRow& in_flight,
                         std::vector<MountSnapshot>& into) {
  for (const Row& row : rows_) {
    into.push_back({.identity = identity_[row.index],
                    .counters = counted(row.index, std::move(ended[row.index])),
                    .in_flight = in_flight[row.index].requests,
                    .oldest_age_ns = in_flight[row.index].oldest_age_ns,
                    .blocked_threads = reader_.blocked_threads(row.index),
                    .limits = row.limits,
                    .readahead_bytes = std::nullopt});
    if (reader_.sees_waiting() && !row.retired) {
      add_earlier(into.back(), row.address, row.waiting);
    }
  }
}

// What waits on a connection, and was there before the agent: its row tells of what was sent since.
void Collector::add_earlier(MountSnapshot& mount, std::uint64_t connection, std::uint32_t waiting) {
  mount.waiting = waiting;
  const fusescope_limits limits = mount.limits.value_or(fusescope_limits{});
  const std::uint64_t sent = earlier_.sent(connection);
  const std::uint64_t unsent = earlier_.unsent(
      connection, {.waiting = waiting,
                   .own = mount.in_flight,
                   .blocked = mount.blocked_threads,
                   .may_block = !limits.initialized || limits.background >= limits.max_background});
  mount.in_flight += unsent;
  show_earlier(mount, sent);
}

void Collector::show_earlier(MountSnapshot& mount, std::uint64_t requests) const {
  if (!requests) return;
  mount.in_flight += requests;
  mount.oldest_is_older = true;
  mount.oldest_age_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - began_).count());
}

// The row of the connections that have none of their own, if there were any; `other` has what they
// sent before the agent began.
void Collector::add_other(EndedByRow& ended, InFlightByRow& in_flight, MountSnapshot other,
                          std::vector<MountSnapshot>& into) {
  other.counters = counted(FUSESCOPE_OTHER_MOUNT, std::move(ended[FUSESCOPE_OTHER_MOUNT]));
  const InFlight now = in_flight[FUSESCOPE_OTHER_MOUNT];
  other.in_flight += now.requests;
  if (is_empty(other.counters) && !other.in_flight) return;
  other.identity = kOther;
  other.oldest_age_ns = std::max(other.oldest_age_ns, now.oldest_age_ns);
  other.blocked_threads = reader_.blocked_threads(FUSESCOPE_OTHER_MOUNT);
  into.push_back(std::move(other));
}

// What is known of a connection that has no row, by its daemon's open /dev/fuse.
void Collector::add_open(MountSnapshot& mount) {
  const auto open = devices_.find(mount.identity.device);
  if (open == devices_.end()) return;
  mount.limits = open->second.limits;
  add_earlier(mount, open->second.address, open->second.waiting);
}

// Mounts that have sent no request yet, as far as there is room for them; else what they sent
// before the agent began is of the others.
void Collector::add_silent(std::vector<MountSnapshot>& into, MountSnapshot& others) {
  std::set<std::uint32_t> with_row;
  for (const Row& row : rows_) with_row.insert(row.device);
  for (const auto& [device, identity] : mounts_) {
    if (with_row.contains(device)) continue;
    if (into.size() >= FUSESCOPE_MAX_MOUNTS) {
      dropped_.insert(device);
      if (const auto open = devices_.find(device); open != devices_.end()) {
        show_earlier(others, earlier_.sent(open->second.address));
      }
    } else {
      into.emplace_back().identity = identity;
      add_open(into.back());
    }
  }
}

// What is known without any request, of one mount alone.
void Collector::complete(MountSnapshot& mount) const {
  const std::uint32_t device = mount.identity.device;
  if (!device) return;
  mount.readahead_bytes = readahead_bytes(device);
  mount.daemon = daemons_.of(device);
}

// Each with the mount that it used last, and what is known of that. Rows of processes that were
// gone a look ago are given back.
void Collector::add_processes(Snapshot& into) {
  std::set<std::uint32_t> gone;
  for (ProcessRow& row : reader_.processes()) {
    if (is_process_gone(row.process)) gone.insert(row.process);
    const auto named = identity_.find(row.row);
    const MountIdentity& identity = named == identity_.end() ? kOther : named->second;
    const auto mount = std::ranges::find(into.mounts, identity, &MountSnapshot::identity);
    ProcessSnapshot& process = into.processes.emplace_back();
    process.process = row.process;
    process.command = std::move(row.command);
    if (mount != into.mounts.end()) process.mount = *mount;
    process.mount.identity = identity;
    process.mount.counters = std::move(row.counters);
    process.mount.in_flight = row.in_flight.requests;
    process.mount.oldest_age_ns = row.in_flight.oldest_age_ns;
  }
  for (const std::uint32_t process : gone_processes_) {
    if (gone.contains(process)) reader_.forget_process(process);
  }
  gone_processes_ = std::move(gone);
}

// The mounts that are there, without what earlier ones in their places had counted.
Result<Snapshot> Collector::present() {
  if (auto refreshed = refresh(); !refreshed) return std::unexpected(refreshed.error());
  Snapshot snapshot;
  // What was sent is read last: a request that moves on meanwhile may be missing from the rest, but
  // is not in it twice.
  EndedByRow ended = ended_by_row();
  const fusescope_self_stats self = reader_.self_stats();
  InFlightByRow in_flight = reader_.in_flight();
  add_rows(ended, in_flight, snapshot.mounts);
  MountSnapshot others;
  add_silent(snapshot.mounts, others);
  add_other(ended, in_flight, std::move(others), snapshot.mounts);
  for (MountSnapshot& mount : snapshot.mounts) complete(mount);
  if (session_.counts_processes()) add_processes(snapshot);
  make_distinct(snapshot.mounts);
  snapshot.self = {.stats = self,
                   .mounts_dropped = dropped_.size(),
                   .hooks = session_.hooks(),
                   .programs = reader_.programs()};
  return snapshot;
}

Result<Snapshot> Collector::collect() {
  auto snapshot = present();
  if (snapshot) departed_.join(snapshot->mounts);
  return snapshot;
}

Result<Snapshot> Collector::look() {
  auto snapshot = present();
  if (snapshot) departed_.add_earlier(snapshot->mounts);
  return snapshot;
}

}  // namespace fusescope
