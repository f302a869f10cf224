// SPDX-License-Identifier: Apache-2.0
// What the JSON of all commands has in common.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace fusescope {

using Json = nlohmann::ordered_json;

// Text of any bytes; null if there are none.
Json text_or_null(const std::string& bytes);

// One line, with its newline and no other control character. Expects texts in UTF-8.
std::string json_line(const Json& value);

}  // namespace fusescope
