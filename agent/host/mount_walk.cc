// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mount_walk.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "agent/host/mount_lines.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

constexpr std::chrono::seconds kNewInterval{1};       // between two passes for what is new
constexpr std::chrono::seconds kRefreshInterval{10};  // to notice what is gone
constexpr std::chrono::seconds kSearchInterval{60};   // for what was not found

// The process that was made last, from "0.00 0.01 0.05 1/100 1234": ids wrap around, and those
// above it are the oldest. 0: not known.
pid_t latest_process(const std::string& proc) {
  const std::string text = read_procfs(proc + "/loadavg").value_or("");
  const auto begin = text.rfind(' ');
  if (begin == std::string::npos) return 0;
  pid_t process = 0;
  std::from_chars(text.data() + begin + 1, text.data() + text.size(), process);
  return process;
}

}  // namespace

bool is_of(const FoundMount& found, const WantedMounts& wanted) {
  const auto of = wanted.find(found.identity.device);
  return of == wanted.end() || found.as_of > of->second.claimed;
}

MountWalk::Pass MountWalk::pass_due(const WantedMounts& wanted) const {
  const auto now = Clock::now();
  Pass pass = Pass::none;
  for (const auto& [device, each] : wanted) {
    const auto found = findings_.mounts.find(device);
    if (found != findings_.mounts.end() && is_of(found->second, wanted)) {
      if (now >= pass_began_ + kRefreshInterval) pass = Pass::of_holders;
      continue;
    }
    const bool is_new = each.told + kAttachTime > findings_.complete_since;
    const auto interval = is_new ? kNewInterval : kSearchInterval;
    if (now >= all_began_ + interval) return Pass::of_all;
  }
  return pass;
}

bool MountWalk::is_due(const WantedMounts& wanted) const {
  return !wanted.empty() && (pass_ != Pass::none || pass_due(wanted) != Pass::none);
}

void MountWalk::begin_pass(Pass pass) {
  pass_ = pass;
  pass_began_ = Clock::now();
  if (pass == Pass::of_all) all_began_ = pass_began_;
  seen_ = {mount_namespace_of(proc_ + "/self").value_or("")};
  holders_.clear();
  for (const auto& [device, found] : findings_.mounts) holders_.insert(found.name_space);
  known_ = processes_->all();
  fresh_.clear();
  rest_ = known_;
  const pid_t latest = latest_process(proc_);
  if (latest) std::ranges::rotate(rest_, std::ranges::upper_bound(rest_, latest));
}

// Not any more once only these are left: a pass has to end.
void MountWalk::note_new_processes() {
  if (rest_.empty()) return;
  std::vector<pid_t> now = processes_->all();
  std::ranges::set_difference(now, known_, std::back_inserter(fresh_));
  known_ = std::move(now);
}

void MountWalk::end_pass() {
  std::erase_if(tables_, [&](const auto& table) { return !seen_.contains(table.first); });
  if (pass_ == Pass::of_all) findings_.complete_since = pass_began_;
  pass_ = Pass::none;
}

// None: the pass has come to its end.
std::optional<pid_t> MountWalk::next_process() {
  takes_fresh_ = !fresh_.empty() && (!takes_fresh_ || rest_.empty());
  std::vector<pid_t>& queue = takes_fresh_ ? fresh_ : rest_;
  if (queue.empty()) return std::nullopt;
  const pid_t process = queue.back();
  queue.pop_back();
  return process;
}

MountWalk::Read MountWalk::read_table(pid_t process, const WantedMounts& wanted,
                                      Clock::time_point until, Table& into) {
  into.as_of = Clock::now();
  const auto last = into.as_of + limits_.table;
  std::size_t bytes = 0;
  bool is_late = false;
  const auto table = processes_->mountinfo(process);
  if (!table) return Read::gone;
  const auto read = for_each_fuse_mount(
      *table,
      [&](const MountIdentity& mount) {
        if (wanted.contains(mount.device)) into.mounts.try_emplace(mount.device, mount);
      },
      [&](std::size_t piece) {
        bytes += piece;
        is_late = Clock::now() >= (tables_read_ ? until : last);
        return !is_late && bytes < limits_.table_bytes;
      });
  if (!read) return Read::gone;
  if (is_late && tables_read_) return Read::out_of_time;
  tables_read_++;
  if (!*read) findings_.tables_cut++;
  return Read::done;
}

MountWalk::Read MountWalk::look_at(pid_t process, const WantedMounts& wanted,
                                   Clock::time_point until) {
  const auto name = processes_->mount_namespace(process);
  if (!name || seen_.contains(*name)) return Read::done;
  if (pass_ == Pass::of_all || holders_.contains(*name)) {
    Table table;
    const Read read = read_table(process, wanted, until, table);
    if (read != Read::done) return read;
    tables_[*name] = std::move(table);
  }
  seen_.insert(*name);
  return Read::done;
}

void MountWalk::step(const WantedMounts& wanted) {
  const auto until = Clock::now() + limits_.step;
  tables_read_ = 0;
  if (pass_ == Pass::none) {
    begin_pass(pass_due(wanted));
  } else {
    note_new_processes();
  }
  do {
    const auto process = next_process();
    if (!process) {
      end_pass();
      break;
    }
    if (look_at(*process, wanted, until) == Read::out_of_time) {
      (takes_fresh_ ? fresh_ : rest_).push_back(*process);
      takes_fresh_ = !takes_fresh_;  // it is its turn again
      break;
    }
  } while (Clock::now() < until);
  publish(wanted);
}

// One that is in several namespaces keeps its name as long as it is in that one.
void MountWalk::publish(const WantedMounts& wanted) {
  FoundMounts mounts;
  for (const auto& [name, table] : tables_) {
    for (const auto& [device, identity] : table.mounts) {
      FoundMount found{identity, name, table.as_of};
      if (!wanted.contains(device) || !is_of(found, wanted)) continue;
      const auto before = findings_.mounts.find(device);
      const bool has_name = before != findings_.mounts.end() && before->second.name_space == name;
      if (has_name) {
        mounts.insert_or_assign(device, std::move(found));
      } else if (mounts.size() < limits_.mounts) {
        mounts.try_emplace(device, std::move(found));
      }
    }
  }
  findings_.mounts = std::move(mounts);
}

}  // namespace fusescope
