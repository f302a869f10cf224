// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "agent/base/error.h"
#include "agent/model/snapshot.h"

namespace fusescope {

// Reads a mountinfo file piece by piece, which the kernel makes as it is read: about a page at a
// time. `take` gets its FUSE mounts, named by labels
// (model/label_text.h), in their order; `goes_on` is asked after each piece, by its
// bytes, whether to read the next. False: it said no, and the rest was not read.
Result<bool> for_each_fuse_mount(const std::string& path,
                                 const std::function<void(MountIdentity)>& take,
                                 const std::function<bool(std::size_t)>& goes_on);

// The mount namespace of a process ("/proc/123"), by number: the i of "mnt:[i]". Fails if it has
// ended, or may not be looked at.
Result<std::string> mount_namespace_of(const std::string& process);

}  // namespace fusescope
