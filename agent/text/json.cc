// SPDX-License-Identifier: Apache-2.0
#include "agent/text/json.h"

#include "agent/model/label_text.h"

namespace fusescope {

Json text_or_null(const std::string& bytes) {
  return bytes.empty() ? Json() : Json(to_utf8(bytes));
}

double seconds_of(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

Json bound_or_null(const std::optional<Quantile>& quantile) {
  return quantile && !quantile->is_more ? Json(quantile->bound) : Json();
}

Json seconds_or_null(const std::optional<Quantile>& microseconds) {
  const Json bound = bound_or_null(microseconds);
  return bound.is_null() ? Json() : Json(bound.get<double>() / 1e6);
}

std::string json_line(const Json& value) { return escaped_json(value.dump()) + "\n"; }

}  // namespace fusescope
