// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fusescope {

// The process that listens on a TCP port of this network namespace, so that no other can on that
// address, as "prometheus (pid 123)". The address is a number as inet_pton() takes it. Empty where
// there is none, or this process may not see which one. `root` is put before each path: a directory
// made up for a test.
std::string port_holder(std::string_view address, std::uint16_t port, const std::string& root = "");

}  // namespace fusescope
