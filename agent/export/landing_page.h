// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fusescope {

// The page at "/": what this is, and links to the rest. `metrics_path` is escaped.
std::string landing_page(const std::string& version, const std::string& metrics_path);

// Text made safe between HTML tags and in quoted attributes.
std::string escape_html(const std::string& text);

}  // namespace fusescope
