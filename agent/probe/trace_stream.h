// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "agent/base/error.h"
#include "agent/probe/session.h"
#include "bpf/abi/trace_abi.h"

struct ring_buffer;

namespace fusescope {

// The records that a session with Knobs::trace writes, in the order in which it did.
class TraceStream {
 public:
  // Takes one record. False: give no more for now; the next read() goes on behind it.
  using Sink = std::function<bool(const fusescope_trace_event&)>;

  // The session must outlive the stream. Fails if the ring cannot be mapped.
  static Result<TraceStream> open(const Session& session, Sink sink);

  // Hands what is there to the sink; where nothing is, waits for it so long. The number of records
  // is not told: the sink knows. A signal ends the waiting.
  [[nodiscard]] Result<void> read(std::chrono::milliseconds wait) const;

  // Records that matched, but that the ring had no room for.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct RingDeleter {
    void operator()(ring_buffer* ring) const;
  };

  TraceStream(const Session& session, Sink sink);

  const Session* session_;
  std::unique_ptr<Sink> sink_;  // where it is, libbpf knows
  std::unique_ptr<ring_buffer, RingDeleter> ring_;
};

}  // namespace fusescope
