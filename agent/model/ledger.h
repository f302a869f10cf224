// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/snapshot.h"

namespace fusescope {

// What a series is told apart by: mountpoint and fstype.
using MountLabels = std::pair<std::string, std::string>;

MountLabels labels_of(const MountIdentity& identity);

// What was counted under each pair of labels. It is only ever added to, so that no counter goes
// down: neither when a mount is gone and comes back, nor when a connection gets another name.
//
// The labels of mounts that are there, and those of the last scrape, are never forgotten. Of others
// the latest kLimit are remembered. One that is forgotten has been away for a scrape at least, so
// that its series has ended; should it come back, it begins at 0. What was never shown of it is
// added to `rest`, so that nothing is lost.
class Ledger {
 public:
  static constexpr std::size_t kLimit = 256;

  // `rest` is not forgotten either.
  explicit Ledger(MountIdentity rest) : rest_(std::move(rest)) {}

  void add(const MountIdentity& identity, const Counters& counted);

  // A mount is gone: it is to be shown once more.
  void leave(const MountIdentity& identity);

  // What may be forgotten, when these are the labels that are there.
  void keep(const std::set<MountLabels>& present);

  // Gives mounts that are there all that was counted under their labels, which must be distinct.
  void fill(std::vector<MountSnapshot>& mounts) const;

  // The same for a scrape, which also shows what was not shown since its mount left.
  void show(std::vector<MountSnapshot>& mounts);

  [[nodiscard]] Counters of(const MountIdentity& identity) const;
  [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Counters counters;
    Counters unshown;        // of these, what was counted since the last scrape
    bool is_due = false;     // to be shown though its mount is gone
    bool is_shown = false;   // by the last scrape
    std::uint64_t gone = 0;  // since when its mount is: a place in an order; 0: it is there
  };
  using Entries = std::map<MountLabels, Entry>;

  void forget(Entries::iterator entry);

  MountIdentity rest_;
  Entries entries_;
  std::uint64_t order_ = 0;
  std::uint64_t forgotten_ = 0;
};

}  // namespace fusescope
