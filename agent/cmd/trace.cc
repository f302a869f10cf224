// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/trace.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>

#include "agent/cmd/ending_signals.h"
#include "agent/cmd/output.h"
#include "agent/cmd/trace_filter.h"
#include "agent/host/mounts.h"
#include "agent/model/losses.h"
#include "agent/observe/observation.h"
#include "agent/probe/trace_stream.h"
#include "agent/text/trace_json.h"
#include "agent/text/trace_text.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWait{100};  // for records, and between two counts
constexpr std::chrono::milliseconds kIdleTime{
    150};  // bpf/call/grouped/ended_calls.bpf.h: idle for 100 ms
constexpr std::chrono::seconds kHouseInterval{1};
constexpr std::size_t kFullBuffer = 256U << 10;
constexpr unsigned kBatch = 4096;  // records between two looks at signals and the clock

// What is added to CLOCK_MONOTONIC for the time of day, which may be set meanwhile.
std::uint64_t clock_distance() {
  std::timespec wall{};
  std::timespec monotonic{};
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  return static_cast<std::uint64_t>(wall.tv_sec - monotonic.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(wall.tv_nsec - monotonic.tv_nsec);
}

// The mountpoints of devices, read again when one is not known, but not all the time.
class Mountpoints {
 public:
  const std::string& of(std::uint32_t device) {
    const auto found = names_.find(device);
    if (found != names_.end()) return found->second;
    if (seen_.try_emplace(device).second) refresh();
    return names_[device];
  }

  void refresh() {
    names_.clear();
    for (auto& [device, identity] : mounts_.find(seen_)) names_[device] = identity.mountpoint;
  }

 private:
  Mounts mounts_;
  WantedDevices seen_;
  std::map<std::uint32_t, std::string> names_;
};

// Lines for standard output, written many at a time.
class Output {
 public:
  explicit Output(const TraceOptions& options) : options_(options) {
    if (!options.json) {
      text_ = trace_head(options.requests ? FUSESCOPE_TRACED_REQUEST : FUSESCOPE_TRACED_CALL);
    }
  }

  // False: look at what else there is to do before the next one.
  bool add(const fusescope_trace_event& event) {
    if (is_full()) return false;
    const TraceLine line{.event = event,
                         .ended_ns = event.ended_ns + clock_distance_,
                         .mountpoint = event.device ? mountpoints_.of(event.device) : ""};
    options_.json ? add_trace_json(text_, line) : add_trace_text(text_, line);
    lines_++;
    if (text_.size() >= kFullBuffer) flush();
    return lines_ % kBatch != 0 && !is_closed_ && !is_full();
  }

  void flush() {
    if (!is_closed_) printed_ = print(text_);
    is_closed_ = is_closed_ || !printed_ || !*printed_;
    text_.clear();
  }

  // Whether nobody reads any more, also if there is nothing to be written.
  [[nodiscard]] bool is_closed() {
    is_closed_ = is_closed_ || is_output_closed();
    return is_closed_;
  }

  void each_second() {
    clock_distance_ = clock_distance();
    mountpoints_.refresh();
  }

  void end(std::uint64_t dropped, std::uint64_t skipped) {
    const TraceEnd end = {.events = lines_, .dropped = dropped, .skipped = skipped};
    if (options_.json) text_ += trace_end_json(end);
    flush();
    if (!is_closed_) std::fputs(trace_end_text(end).c_str(), stderr);
  }

  [[nodiscard]] bool is_full() const { return options_.count && lines_ >= options_.count; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  // Fails if what was to be written could not be.
  [[nodiscard]] const Result<bool>& printed() const { return printed_; }

 private:
  const TraceOptions& options_;
  std::string text_;
  std::uint64_t lines_ = 0;
  std::uint64_t clock_distance_ = clock_distance();
  Mountpoints mountpoints_;
  bool is_closed_ = false;
  Result<bool> printed_ = true;
};

class Tracing {
 public:
  Tracing(const TraceOptions& options, Observation& observed, Output& output)
      : observed_(observed),
        output_(output),
        deadline_(options.seconds > 0
                      ? Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(options.seconds))
                      : Clock::time_point::max()) {}

  Result<void> run(const TraceStream& stream, const EndingSignals& signals) {
    while (!signals.next().signal && Clock::now() < deadline_ && !is_over()) {
      if (auto done = step(stream); !done) return done;
    }
    return is_over() ? Result<void>{} : drain(stream);
  }

 private:
  bool is_over() { return output_.is_full() || output_.is_closed(); }

  Result<void> step(const TraceStream& stream) {
    const auto before = output_.lines();
    if (auto read = stream.read(wait()); !read) return read;
    if (output_.lines() - before < kBatch) output_.flush();
    if (Clock::now() < next_count_) return {};
    next_count_ = Clock::now() + kWait;
    if (auto counted = observed_.reader().count_ended_calls(); !counted) return counted;
    if (Clock::now() < next_house_) return {};
    next_house_ = Clock::now() + kHouseInterval;
    output_.each_second();
    return observed_.collector().keep_house();
  }

  [[nodiscard]] std::chrono::milliseconds wait() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now());
    return std::clamp(left, std::chrono::milliseconds{0}, kWait);
  }

  // All that has ended by now: calls that show it by being idle too.
  Result<void> drain(const TraceStream& stream) {
    if (observed_.session().counts_ended_calls()) {
      for (const auto end = Clock::now() + kIdleTime; Clock::now() < end;) {
        if (auto read = stream.read(std::chrono::milliseconds{10}); !read) return read;
      }
      if (auto counted = observed_.reader().count_ended_calls(); !counted) return counted;
    }
    observed_.session().detach();
    for (auto before = output_.lines() - 1; before != output_.lines() && !is_over();) {
      before = output_.lines();
      if (auto read = stream.read(std::chrono::milliseconds{0}); !read) return read;
    }
    return {};
  }

  Observation& observed_;
  Output& output_;
  Clock::time_point deadline_;
  Clock::time_point next_count_{};
  Clock::time_point next_house_{};
};

}  // namespace

Result<int> trace(const TraceOptions& options) {
  const auto knobs = knobs_of(options);
  if (!knobs) return std::unexpected(knobs.error());
  const auto signals = EndingSignals::block();
  if (!signals) return std::unexpected(signals.error());
  const auto observed = Observation::start({.hooks = options.hooks, .trace = *knobs});
  if (!observed) return std::unexpected(observed.error());
  Output output(options);
  const auto stream = TraceStream::open(
      (*observed)->session(),
      [&output](const fusescope_trace_event& event) { return output.add(event); });
  if (!stream) return std::unexpected(stream.error());
  output.flush();
  Tracing tracing(options, **observed, output);
  if (auto done = tracing.run(*stream, *signals); !done) return std::unexpected(done.error());
  output.end(stream->dropped(), skipped_runs((*observed)->reader().programs()));
  if (!output.printed()) return std::unexpected(output.printed().error());
  return 0;
}

}  // namespace fusescope
