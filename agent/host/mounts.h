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
using MountsByDevice = std::map<std::uint32_t, MountIdentity>;

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

  void walk_namespaces();

  std::string proc_;
  MountsByDevice elsewhere_;
  std::map<std::uint32_t, int> walks_;  // by device that is not mounted here
  std::chrono::steady_clock::time_point last_walk_{};
};

}  // namespace fusescope
