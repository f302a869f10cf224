// SPDX-License-Identifier: Apache-2.0
#include "agent/observe/collector.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ranges>
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

constexpr std::chrono::minutes kLateWalk{2};
constexpr int kListings = 5;  // at most, until there are two complete ones of a new connection

// Connections beyond FUSESCOPE_MAX_MOUNTS.
const MountIdentity kOther = {.mountpoint = "other", .fstype = "other", .source = ""};

bool is_process_gone(std::uint32_t process) {
  return process && kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

}  // namespace

Collector::Collector(Session& session, Reader& reader,
                     const std::shared_ptr<OtherProcesses>& processes,
                     const std::shared_ptr<MountWalker>& walker)
    : session_(session),
      reader_(reader),
      host_mounts_("/proc", walker),
      ledger_(kOther),
      rows_(reader, ledger_,
            walker ? [this](std::uint32_t device) { return host_mounts_.is_in_no_table(device); }
                   : ConnectionRows::IsInNoTable{}),
      daemons_(processes) {}

WantedDevices Collector::wanted_devices() const {
  WantedDevices wanted;
  for (const auto& [device, record] : host_.open) wanted.try_emplace(device);
  for (const Row& row : rows_.rows()) {
    Clock::time_point& claimed = wanted[row.device];
    claimed = std::max(claimed, Clock::time_point(std::chrono::nanoseconds(row.claimed_ns)));
  }
  return wanted;
}

void Collector::read_rows_and_mounts() {
  rows_.read();
  host_.mounts = host_mounts_.find(wanted_devices());
  rows_.keep_unchanged();
}

// When its share of the time allows it, and at once when it decides whether a row can be given
// back: its connection is mounted no more, or all rows are taken.
bool Collector::is_walk_due(Clock::time_point now) const {
  const auto is_newly_detached = [&](const Row& row) {
    return !row.retired && !rows_.is_leaving(row.index) && !host_.mounts.contains(row.device) &&
           !host_.detached.contains(row.address);
  };
  return now >= next_device_walk_ || rows_.rows().size() >= FUSESCOPE_MAX_MOUNTS ||
         std::ranges::any_of(rows_.rows(), is_newly_detached);
}

Result<void> Collector::refresh_devices() {
  const auto begin = Clock::now();
  if (!is_walk_due(begin)) return {};
  auto records = reader_.devices();
  if (!records) return std::unexpected(records.error());
  host_.open.clear();
  host_.detached.clear();
  for (const fusescope_device_record& record : *records) {
    host_.open[record.device] = record;
    if (!host_.mounts.contains(record.device)) host_.detached.insert(record.address);
  }
  host_.open_as_of = begin;
  daemons_.update(*records);
  if (auto followed = follow_earlier(); !followed) return followed;
  const auto end = Clock::now();
  next_device_walk_ = end + kWalkShare * (end - begin);
  return {};
}

Addresses Collector::connections() const {
  Addresses addresses;
  for (const auto& [device, record] : host_.open) addresses.insert(record.address);
  for (const Row& row : rows_.rows()) {
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

Collector::EndedByRow Collector::ended_by_row() const {
  EndedByRow ended;
  for (const Row& row : rows_.rows()) ended[row.index] = reader_.ended(row.index);
  ended[FUSESCOPE_OTHER_MOUNT] = reader_.ended(FUSESCOPE_OTHER_MOUNT);
  return ended;
}

// Those that a scrape may show now.
std::set<MountLabels> Collector::present_labels() const {
  std::set<MountLabels> labels = {labels_of(unknown_mount())};
  for (const Row& row : rows_.rows()) {
    if (const auto& identity = rows_.name_of(row.index)) labels.insert(labels_of(*identity));
  }
  const auto shown =
      std::min<std::size_t>(host_.mounts.size(), FUSESCOPE_MAX_MOUNTS + rows_.rows().size());
  for (const auto& [device, identity] : std::views::take(host_.mounts, static_cast<long>(shown))) {
    labels.insert(labels_of(identity));
  }
  return labels;
}

// fs.fuse.max_pages_limit can be set at any time, and comes with the module of FUSE.
void Collector::follow_host_limits() { session_.follow(read_host_limits()); }

Result<void> Collector::refresh() {
  follow_host_limits();
  if (auto counted = reader_.count_ended_calls(); !counted) return counted;
  // Before the mount tables: limits of a connection that is gone by then are not shown.
  if (auto limits = reader_.refresh_limits(); !limits) return limits;
  read_rows_and_mounts();
  if (auto walked = refresh_devices(); !walked) return walked;
  rows_.identify(host_);
  rows_.release_gone(host_);
  ledger_.keep(present_labels());
  // The kernel side knows threads by the host's ids only.
  if (is_host_pid_namespace()) {
    reader_.drop_killed([](pid_t thread) { return is_thread_gone(thread); });
  }
  return {};
}

Result<void> Collector::keep_house() {
  follow_host_limits();
  if (auto counted = reader_.count_ended_calls(); !counted) return counted;
  const auto now = Clock::now();
  const std::size_t rows = reader_.rows().size();
  const bool is_due = now >= next_cleaning_ || rows >= FUSESCOPE_MAX_MOUNTS;
  if (rows == 0 || !is_due) return {};
  next_cleaning_ = now + kCleaningInterval;
  return refresh();
}

void Collector::add_rows(EndedByRow& ended, InFlightByRow& in_flight,
                         std::vector<MountSnapshot>& into) {
  for (const Row& row : rows_.rows()) {
    const auto& identity = rows_.name_of(row.index);
    if (!identity) continue;
    rows_.count(row.index, *identity, std::move(ended[row.index]));
    into.push_back({.identity = *identity,
                    .counters = {},
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
  rows_.count(FUSESCOPE_OTHER_MOUNT, kOther, std::move(ended[FUSESCOPE_OTHER_MOUNT]));
  const InFlight now = in_flight[FUSESCOPE_OTHER_MOUNT];
  other.in_flight += now.requests;
  if (is_empty(ledger_.of(kOther)) && !other.in_flight) return;
  other.identity = kOther;
  other.oldest_age_ns = std::max(other.oldest_age_ns, now.oldest_age_ns);
  other.blocked_threads = reader_.blocked_threads(FUSESCOPE_OTHER_MOUNT);
  into.push_back(std::move(other));
}

// What is known of a connection that has no row, by its daemon's open /dev/fuse.
void Collector::add_open(MountSnapshot& mount) {
  const auto open = host_.open.find(mount.identity.device);
  if (open == host_.open.end()) return;
  mount.limits = open->second.limits;
  add_earlier(mount, open->second.address, open->second.waiting);
}

// Mounts that have sent no request yet, as far as there is room for them; else what they sent
// before the agent began is of the others.
void Collector::add_silent(std::vector<MountSnapshot>& into, MountSnapshot& others) {
  std::set<std::uint32_t> with_row;
  for (const Row& row : rows_.rows()) with_row.insert(row.device);
  for (const auto& [device, identity] : host_.mounts) {
    if (with_row.contains(device)) continue;
    if (into.size() >= FUSESCOPE_MAX_MOUNTS) {
      dropped_.insert(device);
      if (const auto open = host_.open.find(device); open != host_.open.end()) {
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
    const MountIdentity identity =
        rows_.knows(row.row) ? rows_.name_of(row.row).value_or(unknown_mount()) : kOther;
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

SelfSnapshot Collector::self_snapshot(const fusescope_self_stats& stats) const {
  const WalkFindings& walked = host_mounts_.walked();
  SelfSnapshot self = {.stats = stats,
                       .mounts_dropped = dropped_.size(),
                       .mounts_unnamed = rows_.unnamed(),
                       .mounts_renamed = rows_.renamed(),
                       .mounts_forgotten = ledger_.forgotten(),
                       .mount_tables_repeated = host_mounts_.repeated(),
                       .mount_tables_cut = walked.tables_cut,
                       .mount_tables_age_seconds = {},
                       .hooks = session_.hooks(),
                       .programs = reader_.programs()};
  if (host_mounts_.walks() && walked.complete_since != Clock::time_point{}) {
    const std::chrono::duration<double> age = Clock::now() - walked.complete_since;
    self.mount_tables_age_seconds = age.count();
  }
  return self;
}

// The mounts that are there; their counters are still to be filled in.
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
  snapshot.self = self_snapshot(self);
  return snapshot;
}

Result<Snapshot> Collector::collect() {
  auto snapshot = present();
  if (snapshot) ledger_.show(snapshot->mounts);
  return snapshot;
}

Result<Snapshot> Collector::look() {
  auto snapshot = present();
  if (snapshot) ledger_.fill(snapshot->mounts);
  return snapshot;
}

std::string Collector::walk_complaint() const {
  const WalkFindings& walked = host_mounts_.walked();
  if (walked.tables_cut) {
    return "mount tables of other namespaces are too long to be read to their end: mounts in the "
           "rest are shown as \"unknown\"";
  }
  if (host_mounts_.walks() && walked.complete_since != Clock::time_point{} &&
      Clock::now() - walked.complete_since > kLateWalk) {
    return "reading the mount tables of other namespaces takes more than two minutes: mounts there "
           "are shown late, or as \"unknown\"";
  }
  return "";
}

}  // namespace fusescope
