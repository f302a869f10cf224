// SPDX-License-Identifier: Apache-2.0
#include "fs/faults.h"

#include <thread>

namespace countfs {

void Faults::delay() const {
  if (options_.reply_delay.count() > 0) std::this_thread::sleep_for(options_.reply_delay);
}

int Faults::next_error() {
  if (options_.error_every == 0) return 0;  // no shared counter in the path of a benchmark
  if (++data_requests_ % options_.error_every != 0) return 0;
  ++errors_;
  return options_.error;
}

std::size_t Faults::shorten(std::uint64_t every, std::atomic<std::uint64_t>& requests,
                            std::size_t length) {
  if (every == 0) return length;
  if (++requests % every != 0) return length;
  ++short_replies_;
  return length / 2;
}

std::size_t Faults::next_read_length(std::size_t available) {
  return shorten(options_.short_every, reads_, available);
}

std::size_t Faults::next_write_length(std::size_t carried) {
  return shorten(options_.short_write_every, writes_, carried);
}

}  // namespace countfs
