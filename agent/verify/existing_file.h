// SPDX-License-Identifier: Apache-2.0
// A file that is there already and is large enough to be read; it is never written. Runs in the
// process that may hang: see worker.h.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "agent/base/unique_fd.h"

namespace fusescope {

struct ExistingFile {
  UniqueFd anchor;  // O_PATH: to be opened by open_again()
  std::string name;
  std::uint64_t bytes = 0;
};

// Looks below the directory for a regular file of kPlaces MiB, and takes the largest of 1 MiB or
// more if it finds none: among a few thousand names, for a few seconds, never through a symbolic
// link or into another mount. The errno otherwise; ENODATA: there is none.
std::expected<ExistingFile, int> find_file(int directory,
                                           const std::function<bool()>& is_abandoned);

// The file of that path, if it is a regular one of 1 MiB or more on this device; otherwise the
// errno: ELOOP for a symbolic link, EXDEV for another device, ENODATA for one that is too small.
std::expected<ExistingFile, int> given_file(const std::string& path, dev_t device);

}  // namespace fusescope
