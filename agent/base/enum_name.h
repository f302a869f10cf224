// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace fusescope {

// What follows a switch over all values of an enum, which has no default so that the compiler tells
// of a value without a case. Throws std::out_of_range: the value is none of the enum's.
template <class Enum>
[[noreturn]] void not_of_enum(Enum value) {
  throw std::out_of_range("no value of its enum: " + std::to_string(static_cast<int>(value)));
}

}  // namespace fusescope
