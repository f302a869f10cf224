// SPDX-License-Identifier: Apache-2.0
// Runs the threads and adds up what they did.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>

#include "fs/error.h"
#include "load/options.h"

namespace sgio {

struct Tally {
  std::uint64_t calls = 0;
  std::uint64_t asked_bytes = 0;
  std::uint64_t bytes = 0;
  std::uint64_t short_calls = 0;                // done, but with fewer bytes than asked for
  std::map<std::string, std::uint64_t> errors;  // by errno name, or MISMATCH
  std::optional<std::string> first_error;       // a sentence for stderr
  double seconds = 0;

  void add(const Tally& other);
};

// Fails when the work cannot begin; calls that fail are in the tally.
std::expected<Tally, fusetest::Error> run(const Options& options);

}  // namespace sgio
