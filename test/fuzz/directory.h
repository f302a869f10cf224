// SPDX-License-Identifier: Apache-2.0
// A directory in memory, to stand for / or /proc, with symbolic links in it.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "test/unit/temporary_directory.h"

namespace fusescope::fuzz {

// The links are pairs of a name and what it points to.
inline std::unique_ptr<TemporaryDirectory> directory_with(
    std::initializer_list<std::pair<std::string, std::string>> links) {
  auto directory = std::make_unique<TemporaryDirectory>("/dev/shm");
  for (const auto& [name, target] : links) directory->link(name, target);
  return directory;
}

}  // namespace fusescope::fuzz
