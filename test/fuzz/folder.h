// SPDX-License-Identifier: Apache-2.0
// A folder in memory, to stand for / or /proc, with symbolic links in it.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "test/unit/temporary_folder.h"

namespace fusescope::fuzz {

// The links are pairs of a name and what it points to.
inline std::unique_ptr<TemporaryFolder> folder_with(
    std::initializer_list<std::pair<std::string, std::string>> links) {
  auto folder = std::make_unique<TemporaryFolder>("/dev/shm");
  for (const auto& [name, target] : links) folder->link(name, target);
  return folder;
}

}  // namespace fusescope::fuzz
