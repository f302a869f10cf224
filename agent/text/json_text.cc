// SPDX-License-Identifier: Apache-2.0
#include "agent/text/json_text.h"

#include "agent/model/label_text.h"

namespace fusescope {

Json text_or_null(const std::string& bytes) {
  return bytes.empty() ? Json() : Json(to_utf8(bytes));
}

std::string json_line(const Json& value) { return escaped_json(value.dump()) + "\n"; }

}  // namespace fusescope
