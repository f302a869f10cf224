// SPDX-License-Identifier: Apache-2.0
#include "load/worker.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "load/target_file.h"

namespace sgio {

std::expected<std::unique_ptr<Worker>, fusetest::Error> Worker::make(const Options& options,
                                                                     std::uint32_t thread) {
  auto file = open_target(options);
  if (!file) return std::unexpected(file.error());
  const auto size = size_of(*file, options);
  if (!size) return std::unexpected(size.error());
  std::unique_ptr<Worker> worker(
      new Worker(options, std::move(*file), Schedule(options, thread, *size)));
  if (auto made = worker->make_slots(); !made) return std::unexpected(made.error());
  if (auto made = worker->make_engine(*size); !made) return std::unexpected(made.error());
  return worker;
}

std::expected<void, fusetest::Error> Worker::make_slots() {
  for (unsigned int slot = 0; slot < options_.queue_depth; ++slot) {
    auto buffers = SegmentBuffers::allocate(options_);
    if (!buffers) return std::unexpected(buffers.error());
    slots_.push_back(Slot{.buffers = std::move(*buffers)});
    idle_.push_back(slot);
  }
  return {};
}

std::expected<void, fusetest::Error> Worker::make_engine(std::uint64_t file_size) {
  std::vector<std::span<const iovec>> segments;
  for (const Slot& slot : slots_) segments.push_back(slot.buffers.segments());
  auto engine = options_.engine->make(
      {.file = file_.get(), .file_size = file_size, .options = options_, .slots = segments});
  if (!engine) return std::unexpected(engine.error());
  engine_ = std::move(*engine);
  return {};
}

void Worker::work() {
  std::vector<Completion> done;
  schedule_.start();
  fill_queue();
  while (idle_.size() < slots_.size()) {
    done.clear();
    engine_->wait(done);
    for (const Completion& completion : done) count(completion);
    fill_queue();
  }
  if (options_.fsync) sync();
}

void Worker::fill_queue() {
  while (!idle_.empty() && may_go_on()) {
    const auto offset = schedule_.next();
    if (!offset) return;
    if (options_.pause.count() > 0 && tally_.calls > 0) std::this_thread::sleep_for(options_.pause);
    const unsigned int slot = idle_.back();
    idle_.pop_back();
    queue(slot, *offset);
  }
}

void Worker::queue(unsigned int slot, off_t offset) {
  Slot& taken = slots_[slot];
  taken.offset = static_cast<std::uint64_t>(offset);
  if (options_.write && options_.verify) taken.buffers.fill_pattern(taken.offset);
  engine_->queue({.slot = slot,
                  .offset = offset,
                  .bytes = options_.call_bytes(),
                  .segments = taken.buffers.segments()});
}

void Worker::count(const Completion& completion) {
  const Slot& slot = slots_[completion.slot];
  idle_.push_back(completion.slot);
  ++tally_.calls;
  tally_.asked_bytes += options_.call_bytes();
  if (completion.result < 0) {
    const auto error = static_cast<int>(-completion.result);
    fail(fusetest::errno_name(error),
         "cannot " + std::string(options_.write ? "write " : "read ") + options_.file +
             " at offset " + std::to_string(slot.offset) + ": " + std::strerror(error));
    return;
  }
  const auto bytes = static_cast<std::size_t>(completion.result);
  tally_.bytes += bytes;
  if (bytes < options_.call_bytes()) ++tally_.short_calls;
  if (options_.verify && !options_.write) verify(slot, bytes);
}

void Worker::verify(const Slot& slot, std::size_t bytes) {
  const auto mismatch = slot.buffers.find_mismatch(slot.offset, bytes);
  if (!mismatch) return;
  fail("MISMATCH", "wrong data in " + options_.file + " at offset " + std::to_string(*mismatch) +
                       ": not the pattern that countfs and --verify write");
}

void Worker::fail(const std::string& name, std::string sentence) {
  ++tally_.errors[name];
  if (!tally_.first_error) tally_.first_error = std::move(sentence);
}

void Worker::sync() {
  if (::fsync(file_.get()) == 0) return;
  fail(fusetest::errno_name(errno), "cannot fsync " + options_.file + ": " + std::strerror(errno));
}

}  // namespace sgio
