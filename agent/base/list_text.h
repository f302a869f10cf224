// SPDX-License-Identifier: Apache-2.0
// Lists in the middle of a sentence: "max_pages, max_read".
#pragma once

#include <string>
#include <string_view>

namespace fusescope {

// Adds an item to the end of `list`, with a separator unless it is the first.
inline void add_to_list(std::string& list, std::string_view item,
                        std::string_view separator = ", ") {
  if (!list.empty()) list += separator;
  list += item;
}

}  // namespace fusescope
