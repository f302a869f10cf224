// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/host/mount_walker.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// FUSE mounts by device, from the mountinfo of this and, where needed, of other mount namespaces.
// Only procfs is read: no path of a mounted filesystem is ever opened or looked up.
//
// Of two with one path and type in two namespaces the second is named with the number of its
// namespace, as in "/data (mnt:4026532567)": the one that was found later, or, if both are found at
// once, the one that is not of this namespace. A name stays as long as its mount is found.
using MountsByDevice = std::map<std::uint32_t, MountIdentity>;

// Devices to look for, each with the time when its connection was first seen; 0: not known. What
// was read before that is of an earlier mount with the same number.
using WantedDevices = std::map<std::uint32_t, MonotonicClock::time_point>;

// What stands behind the path of such a mount: " (mnt:4026532567)" of "4026532567".
std::string namespace_mark(const std::string& name_space);

class Mounts {
 public:
  // `proc` is the procfs to read: "/proc", or a directory made up for a test. A walker may be
  // shared: else find() itself walks.
  explicit Mounts(std::string proc = "/proc", std::shared_ptr<MountWalker> walker = nullptr)
      : proc_(std::move(proc)),
        walker_(walker ? std::move(walker) : std::make_shared<MountWalker>(proc_, kOwnLimits)) {}

  // All FUSE mounts of this namespace, and those of other namespaces (a pod's, a service's) whose
  // device is in `wanted` and not mounted here, as far as the walk has found them. Where one device
  // is mounted at several places, the first in the order of mountinfo names it. If the table of
  // this namespace cannot be read, it is the last one that could.
  MountsByDevice find(const WantedDevices& wanted);

  // Of a device that the last find() sought: whether all tables were read since it may be mounted.
  [[nodiscard]] bool is_in_no_table(std::uint32_t device) const;

  // How often the table of this namespace could not be read.
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }

  // What was left out of other tables, and since when all of them were read.
  [[nodiscard]] const WalkFindings& walked() const { return elsewhere_; }

  // Whether the last find() sought anything in other namespaces.
  [[nodiscard]] bool walks() const { return !told_.empty(); }

 private:
  // Of a command that waits for it.
  static constexpr WalkLimits kOwnLimits = {.step = std::chrono::milliseconds(500)};

  struct Named {
    FoundMount found;
    MountIdentity shown;
  };

  void read_here(const std::string& here);
  void look_elsewhere(const WantedDevices& wanted, FoundMounts& found);
  MountsByDevice named(const FoundMounts& found, const std::string& here);
  [[nodiscard]] bool is_taken(const FoundMount& found) const;

  std::string proc_;
  std::shared_ptr<MountWalker> walker_;
  FoundMounts here_;
  WantedMounts told_;  // those that are not mounted here
  WalkFindings elsewhere_;
  std::map<std::uint32_t, Named> names_;
  std::uint64_t repeated_ = 0;
};

}  // namespace fusescope
