// SPDX-License-Identifier: Apache-2.0
// What the JSON of all commands has in common: docs/json.md. What is not known is null.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "agent/model/diagnosis.h"
#include "agent/model/names.h"
#include "agent/model/quantile.h"

namespace fusescope {

using Json = nlohmann::ordered_json;

// Text of any bytes; null if there are none.
Json text_or_null(const std::string& bytes);

template <class Value>
Json value_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

// The name of a value of an enum.
template <class Named>
Json name_or_null(const std::optional<Named>& value) {
  return value ? Json(name_of(*value)) : Json();
}

// Null where `whole` is 0.
template <class Part, class Whole>
Json ratio_or_null(Part part, Whole whole) {
  return whole > 0 ? Json(static_cast<double>(part) / static_cast<double>(whole)) : Json();
}

double seconds_of(std::uint64_t nanoseconds);

// The bound of a quantile, in seconds or as it is; null where it lies above the last one, or there
// is none.
Json bound_or_null(const std::optional<Quantile>& quantile);
Json seconds_or_null(const std::optional<Quantile>& microseconds);

// An array of what `json_of` makes of each value.
template <class Values, class Function>
Json array_of(const Values& values, Function json_of) {
  Json array = Json::array();
  for (const auto& value : values) array.push_back(json_of(value));
  return array;
}

// An object of the pairs of a name and a number.
template <class Pairs>
Json object_of(const Pairs& pairs) {
  Json object = Json::object();
  for (const auto& [name, number] : pairs) object[name] = number;
  return object;
}

// One line, with its newline and no other control character. Expects texts in UTF-8.
std::string json_line(const Json& value);

}  // namespace fusescope
