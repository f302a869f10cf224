// SPDX-License-Identifier: Apache-2.0
// Errors as values, and errno by name, for the test programs.
#pragma once

#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace fusetest {

struct Error {
  std::string text;
};

inline std::unexpected<Error> failure(std::string text) {
  return std::unexpected(Error{std::move(text)});
}

// "cannot <operation> <object>: <errno text>", and what to do about it where that is known.
inline std::unexpected<Error> system_failure(std::string_view operation, std::string_view object,
                                             int error, std::string_view advice = "") {
  std::string text = "cannot ";
  text.append(operation).append(" ").append(object).append(": ").append(std::strerror(error));
  if (!advice.empty()) text.append("; ").append(advice);
  return failure(std::move(text));
}

inline std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "errno_" + std::to_string(error);
}

inline std::optional<int> errno_from_name(std::string_view name) {
  constexpr int largest_errno = 133;  // EHWPOISON
  for (int error = 1; error <= largest_errno; ++error) {
    if (errno_name(error) == name) return error;
  }
  return std::nullopt;
}

}  // namespace fusetest
