// SPDX-License-Identifier: Apache-2.0
// The file that is read or written.
#pragma once

#include <cstdint>
#include <expected>

#include "fs/error.h"
#include "fs/file_descriptor.h"
#include "load/options.h"

namespace sgio {

// Does what --create asks for; nothing without it.
std::expected<void, fusetest::Error> create_target(const Options& options);

std::expected<fusetest::FileDescriptor, fusetest::Error> open_target(const Options& options);
std::expected<std::uint64_t, fusetest::Error> size_of(const fusetest::FileDescriptor& file,
                                                      const Options& options);

}  // namespace sgio
