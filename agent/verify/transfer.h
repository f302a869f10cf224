// SPDX-License-Identifier: Apache-2.0
// Reads and writes shapes. Runs in the process that may hang: see worker.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "agent/verify/shapes.h"
#include "bpf/abi/abi.h"

namespace fusescope {

class Transfer {
 public:
  // `is_abandoned` is asked in the course of many calls: whether nobody waits for them any more.
  explicit Transfer(std::function<bool()> is_abandoned);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Allocates the buffers, before the first run(); false: no memory.
  bool prepare();

  struct Outcome {
    int error = 0;  // errno; ECANCELED: abandoned
    bool is_short = false;
    double seconds = 0;
  };

  // One shape at `offset`. Of buffered reads the page cache is dropped first, and buffered writes
  // are timed until they are written back: only then they make requests.
  Outcome run(int file, fusescope_op op, bool is_direct, std::size_t shape, std::uint64_t offset);

 private:
  [[nodiscard]] int call_all(int file, fusescope_op op, const IoShape& shape, std::uint64_t offset);

  std::function<bool()> is_abandoned_;
  std::uint64_t page_bytes_;
  std::vector<IoShape> shapes_;
  std::byte* buffers_ = nullptr;  // room for each segment to begin anywhere in a page
};

}  // namespace fusescope
