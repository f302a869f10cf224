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

std::size_t Faults::next_read_length(std::size_t available) {
  if (options_.short_every == 0) return available;
  if (++reads_ % options_.short_every != 0) return available;
  ++short_replies_;
  return available / 2;
}

}  // namespace countfs
