// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/trace_stream.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

constexpr int kEnough = -ECANCELED;  // ends ring_buffer__poll(), behind the record

int hand_over(void* sink, void* data, std::size_t size) {
  fusescope_trace_event event{};
  if (size < FUSESCOPE_TRACED_REQUEST_BYTES) return 0;
  std::memcpy(&event, data, std::min(size, sizeof(event)));
  return (*static_cast<TraceStream::Sink*>(sink))(event) ? 0 : kEnough;
}

}  // namespace

void TraceStream::RingDeleter::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

TraceStream::TraceStream(const Session& session, Sink sink)
    : session_(&session), sink_(std::make_unique<Sink>(std::move(sink))) {
  const int map = bpf_map__fd(session.skeleton().maps.trace_ring);
  ring_.reset(ring_buffer__new(map, hand_over, sink_.get(), nullptr));
}

Result<TraceStream> TraceStream::open(const Session& session, Sink sink) {
  TraceStream stream(session, std::move(sink));
  if (!stream.ring_) return std::unexpected(errno_error("map the ring of trace records", errno));
  return stream;
}

Result<void> TraceStream::read(std::chrono::milliseconds wait) const {
  // What is there already may have been announced before: then epoll does not tell of it again.
  int result = ring_buffer__consume(ring_.get());
  if (result == 0) result = ring_buffer__poll(ring_.get(), static_cast<int>(wait.count()));
  if (result >= 0 || result == kEnough || result == -EINTR) return {};
  return std::unexpected(errno_error("read trace records", -result));
}

std::uint64_t TraceStream::dropped() const {
  const __u32 zero = 0;
  fusescope_trace_stats stats{};
  bpf_map__lookup_elem(session_->skeleton().maps.trace_stats, &zero, sizeof(zero), &stats,
                       sizeof(stats), 0);
  return stats.dropped;
}

}  // namespace fusescope
