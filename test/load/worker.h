// SPDX-License-Identifier: Apache-2.0
// One thread's file, buffers and engine.
#pragma once

#include <memory>
#include <vector>

#include "fs/file_descriptor.h"
#include "load/buffers.h"
#include "load/engine.h"
#include "load/run.h"
#include "load/schedule.h"

namespace sgio {

class Worker {
 public:
  static std::expected<std::unique_ptr<Worker>, fusetest::Error> make(const Options& options,
                                                                      std::uint32_t thread);

  void work();
  Tally& tally() { return tally_; }

 private:
  // One per call at a time.
  struct Slot {
    SegmentBuffers buffers;
    std::uint64_t offset = 0;
  };

  Worker(const Options& options, fusetest::FileDescriptor file, Schedule schedule)
      : options_(options), file_(std::move(file)), schedule_(schedule) {}

  std::expected<void, fusetest::Error> make_slots();
  std::expected<void, fusetest::Error> make_engine(std::uint64_t file_size);
  void fill_queue();
  void queue(unsigned int slot, off_t offset);
  void count(const Completion& completion);
  void verify(const Slot& slot, std::size_t bytes);
  void fail(const std::string& name, std::string sentence);
  void sync();
  bool may_go_on() const { return options_.keep_going || !tally_.first_error; }

  const Options& options_;
  fusetest::FileDescriptor file_;
  Schedule schedule_;
  std::vector<Slot> slots_;
  std::vector<unsigned int> idle_;
  std::unique_ptr<Engine> engine_;  // after the slots: it may have their memory registered
  Tally tally_;
};

}  // namespace sgio
