// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agent/model/snapshot.h"

namespace fusescope {

// The counters of mounts that are gone: each is shown once more, and goes on when a mount with its
// labels comes back. The latest kLimit are remembered.
class Departed {
 public:
  static constexpr std::size_t kLimit = 256;

  // A mount is gone with these counters, which add to those of earlier ones with its labels.
  void add(const MountIdentity& identity, const Counters& counters);

  // Adds to mounts that are there what earlier ones with their labels had counted. Expects distinct
  // labels.
  void add_earlier(std::vector<MountSnapshot>& mounts) const;

  // Completes a scrape: mounts that are there get what earlier ones with their labels had counted,
  // and those that were not shown since they left are added. Expects distinct labels.
  void join(std::vector<MountSnapshot>& mounts);

 private:
  using Labels = std::pair<std::string, std::string>;  // mountpoint, fstype
  struct Entry {
    Counters counters;
    bool shown = false;
  };

  std::map<Labels, Entry> entries_;
  std::deque<Labels> order_;  // oldest first
};

}  // namespace fusescope
