// SPDX-License-Identifier: Apache-2.0
// The ways to do I/O, each behind the same three steps: queue calls, wait, take completions.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <expected>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "fs/error.h"
#include "load/options.h"

namespace sgio {

// One I/O call to do. The segments belong to its slot and stay until it completes.
struct IoCall {
  unsigned int slot = 0;
  off_t offset = 0;
  std::size_t bytes = 0;  // of all segments
  std::span<const iovec> segments;
};

struct Completion {
  unsigned int slot = 0;
  ssize_t result = 0;  // bytes, or -errno
};

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  virtual void queue(const IoCall& call) = 0;
  // Starts what is queued, waits until at least one call is done, and appends those that are.
  virtual void wait(std::vector<Completion>& done) = 0;
};

// An engine whose calls are done when they return; it has one slot.
class ImmediateEngine : public Engine {
 public:
  void queue(const IoCall& call) final { completion_ = {call.slot, perform(call)}; }
  void wait(std::vector<Completion>& done) final { done.push_back(completion_); }

 private:
  virtual ssize_t perform(const IoCall& call) = 0;  // bytes, or -errno

  Completion completion_;
};

struct EngineSetup {
  int file = -1;
  std::uint64_t file_size = 0;
  const Options& options;
  std::span<const std::span<const iovec>> slots;  // the segments of each
};

using MadeEngine = std::expected<std::unique_ptr<Engine>, fusetest::Error>;

struct EngineKind {
  std::string_view name;
  std::string_view what;
  MadeEngine (*make)(const EngineSetup&);
  bool takes_segments = false;     // a list of them, rather than one buffer
  bool takes_queue_depth = false;  // more than one call at a time
  bool writes = true;              // copy reads one file and writes another: neither op
  bool fills_buffers = true;       // what it reads can be verified
};

std::span<const EngineKind> engine_kinds();
const EngineKind* find_engine(std::string_view name);

MadeEngine make_vector(const EngineSetup& setup);
MadeEngine make_plain(const EngineSetup& setup);
MadeEngine make_stream(const EngineSetup& setup);
MadeEngine make_stream_vector(const EngineSetup& setup);
MadeEngine make_aio(const EngineSetup& setup);
MadeEngine make_uring(const EngineSetup& setup);
MadeEngine make_mmap(const EngineSetup& setup);
MadeEngine make_splice(const EngineSetup& setup);
MadeEngine make_sendfile(const EngineSetup& setup);
MadeEngine make_copy(const EngineSetup& setup);

}  // namespace sgio
