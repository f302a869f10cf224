// SPDX-License-Identifier: Apache-2.0
// Delays, errors and short replies that the command line asks for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "fs/options.h"

namespace countfs {

class Faults {
 public:
  explicit Faults(const FaultOptions& options) : options_(options) {}

  void delay() const;

  // The errno that this READ or WRITE must fail with, or 0.
  int next_error();

  // How much of what is there this READ may reply.
  std::size_t next_read_length(std::size_t available);

  // How much of what it carries this WRITE may take.
  std::size_t next_write_length(std::size_t carried);

  std::uint64_t errors() const { return errors_.load(); }
  std::uint64_t short_replies() const { return short_replies_.load(); }

 private:
  std::size_t shorten(std::uint64_t every, std::atomic<std::uint64_t>& requests,
                      std::size_t length);

  FaultOptions options_;
  std::atomic<std::uint64_t> data_requests_{0};
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<std::uint64_t> writes_{0};
  std::atomic<std::uint64_t> errors_{0};
  std::atomic<std::uint64_t> short_replies_{0};
};

}  // namespace countfs
