// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <expected>
#include <string>
#include <system_error>
#include <utility>

namespace fusescope {

// A recoverable error. The text is for people: it names the operation, its object, the reason and,
// where there is one, what to do. It has no trailing full stop or newline.
struct Error {
  std::string text;
};

template <class T>
using Result = std::expected<T, Error>;

// "OPERATION OBJECT: reason: advice", as in
// "listen on [::]:10980: Address already in use: choose another with --web.listen-address".
// `error_number` is a value of errno; an empty advice is left out.
inline Error errno_error(std::string operation_and_object, int error_number,
                         const std::string& advice = "") {
  std::string text = std::move(operation_and_object);
  text += ": " + std::generic_category().message(error_number);
  if (!advice.empty()) text += ": " + advice;
  return Error{std::move(text)};
}

}  // namespace fusescope
