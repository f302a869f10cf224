// SPDX-License-Identifier: Apache-2.0
// Which FUSE mount a path is on, by the text of mount tables alone: nothing is looked up, and
// symbolic links are not followed. `root` is put before each path of procfs: a directory made up
// for a test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/error.h"
#include "agent/host/mountinfo.h"

namespace fusescope {

// Absolute and without "." and "..", by its text alone. getcwd(2) looks nothing up.
std::string absolute_path(const std::string& path);

// The device of the mount that an absolute path is on, by its longest prefix; the path may be a
// mount's label instead (model/label_text.h). Nothing if that is not one of FUSE.
std::optional<std::uint32_t> fuse_device_of(const std::string& path, const MountTable& table);

// The same in this mount namespace. Fails if that cannot be read, or with where the path is on
// FUSE, if it is in another namespace, and how `command` is run there.
Result<std::uint32_t> fuse_device_here(const std::string& path, const std::string& command,
                                       const std::string& root = "");

// Where a path is on FUSE only in another mount namespace, and how `command` is run there, in one
// line. Empty if it is on FUSE here, or nowhere. The path may be a mount's label, as in "/data
// (mnt:4026532567)": then only that namespace is looked into.
std::string other_namespace_advice(const std::string& path, const std::string& command,
                                   const std::string& root = "");

}  // namespace fusescope
