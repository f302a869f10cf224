// SPDX-License-Identifier: Apache-2.0
// Which daemon serves a mount, by the names that rows of remedy_table.cc have.
#pragma once

#include <string>
#include <string_view>

#include "agent/model/snapshot.h"

namespace fusescope {

// The daemon that a process of this name is: "ntfs-3g" of "mount.ntfs-3g". A name is cut to 15
// bytes, as the kernel cuts it (TASK_COMM_LEN). Empty if it is of none that is known.
std::string_view daemon_of_command(std::string_view command);

// By the command of the process that serves it, if that is known; else by the filesystem's subtype
// ("sshfs" of "fuse.sshfs") or the name of its source (a mount of mountpoint-s3 is of type "fuse").
// What it returns may be of no daemon that is known.
std::string daemon_of(const MountSnapshot& mount);

}  // namespace fusescope
