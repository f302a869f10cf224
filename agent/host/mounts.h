// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "agent/model/snapshot.h"

namespace fusescope {

// FUSE mounts by device, from the mountinfo of this and, where needed, of other mount namespaces.
// Only procfs is read: no path of a mounted filesystem is ever opened or looked up.
//
// Of two with one path and type in two namespaces the second is named with the number of its
// namespace, as in "/data (mnt:4026532567)": the one that was found later, or, if both are found at
// once, the one that is not of this namespace. A name stays as long as its mount is found.
using MountsByDevice = std::map<std::uint32_t, MountIdentity>;

// What stands behind the path of such a mount: " (mnt:4026532567)" of "4026532567".
std::string namespace_mark(const std::string& name_space);

class Mounts {
 public:
  // `proc` is the procfs to read: "/proc", or a folder made up for a test.
  explicit Mounts(std::string proc = "/proc") : proc_(std::move(proc)) {}

  // All FUSE mounts of this namespace, and those of other namespaces (a pod's, a service's) whose
  // device is in `wanted` and not mounted here. Where one device is mounted at several places, the
  // first in the order of mountinfo names it. The walk through all processes that finds other
  // namespaces is made at most every kWalkInterval for a device that is new, and every
  // kRefreshInterval to notice that one is gone.
  MountsByDevice find(const std::set<std::uint32_t>& wanted);

 private:
  static constexpr std::chrono::seconds kWalkInterval{1};
  static constexpr std::chrono::seconds kRefreshInterval{10};
  static constexpr int kWalks = 5;  // after which a device that was not found is not new any more

  struct Found {
    MountIdentity identity;
    std::string name_space;  // its number: the i of "mnt:[i]"
  };
  struct Named {
    Found found;
    MountIdentity shown;
  };
  using FoundByDevice = std::map<std::uint32_t, Found>;

  static bool add_mounts(const std::string& mountinfo_path, const std::string& name_space,
                         FoundByDevice& into);
  void walk_namespaces();
  void look_elsewhere(const std::set<std::uint32_t>& wanted, const FoundByDevice& here);
  MountsByDevice named(const FoundByDevice& found, const std::string& here);
  [[nodiscard]] bool is_taken(const Found& found) const;

  std::string proc_;
  FoundByDevice elsewhere_;
  std::map<std::uint32_t, Named> names_;
  std::map<std::uint32_t, int> walks_;  // by device that is not mounted here
  std::chrono::steady_clock::time_point last_walk_{};
};

}  // namespace fusescope
