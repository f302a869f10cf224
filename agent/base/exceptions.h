// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>

namespace fusescope {

// Runs `action`. What it throws goes no further: it is told as text, for a log. For the few places
// where the program goes on whatever was wrong; else an error is a value, Result.
template <class Action>
std::optional<std::string> exception_of(Action&& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "unknown exception";
  }
  return std::nullopt;
}

}  // namespace fusescope
