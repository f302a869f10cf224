// SPDX-License-Identifier: Apache-2.0
// The files of agent/export/page, which CMake puts into the program.
#pragma once

#include <string_view>

namespace fusescope {

extern const std::string_view kPageHtml;
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace fusescope
