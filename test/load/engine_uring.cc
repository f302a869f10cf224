// SPDX-License-Identifier: Apache-2.0
#include <liburing.h>

#include <cerrno>

#include "load/engine.h"

namespace sgio {
namespace {

class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() {
    if (made_) io_uring_queue_exit(&ring_);
  }

  int make(unsigned int depth, unsigned int flags) {
    const int result = io_uring_queue_init(depth, &ring_, flags);
    made_ = result == 0;
    return result;
  }
  io_uring* get() { return &ring_; }

 private:
  io_uring ring_{};
  bool made_ = false;
};

class UringEngine final : public Engine {
 public:
  explicit UringEngine(const EngineSetup& setup)
      : file_(setup.file),
        write_(setup.options.write),
        fixed_buffers_(setup.options.uring_fixed),
        fixed_file_(setup.options.uring_poll_thread) {}

  // 0 or -errno.
  int setup(const EngineSetup& setup) {
    const unsigned int flags = fixed_file_ ? IORING_SETUP_SQPOLL : 0;
    int result = ring_.make(setup.options.queue_depth, flags);
    // Up to Linux 5.10 a submitting kernel thread takes registered files only.
    if (result == 0 && fixed_file_) result = io_uring_register_files(ring_.get(), &file_, 1);
    if (result == 0 && fixed_buffers_) result = register_buffers(setup.slots);
    return result;
  }

  void queue(const IoCall& call) override {
    io_uring_sqe* const entry = io_uring_get_sqe(ring_.get());
    if (entry == nullptr) {
      refused_.push_back({call.slot, -EAGAIN});
      return;
    }
    prepare(*entry, call);
    if (fixed_file_) io_uring_sqe_set_flags(entry, IOSQE_FIXED_FILE);
    io_uring_sqe_set_data64(entry, call.slot);
    ++in_flight_;
  }

  void wait(std::vector<Completion>& done) override {
    done.insert(done.end(), refused_.begin(), refused_.end());
    refused_.clear();
    if (in_flight_ == 0) return;
    io_uring_submit_and_wait(ring_.get(), 1);  // what it leaves out, the next wait submits
    io_uring_cqe* entry = nullptr;
    while (io_uring_peek_cqe(ring_.get(), &entry) == 0) {
      done.push_back({static_cast<unsigned int>(io_uring_cqe_get_data64(entry)), entry->res});
      io_uring_cqe_seen(ring_.get(), entry);
      --in_flight_;
    }
  }

 private:
  int register_buffers(std::span<const std::span<const iovec>> slots) {
    std::vector<iovec> buffers;
    for (const std::span<const iovec> segments : slots) buffers.push_back(segments[0]);
    return io_uring_register_buffers(ring_.get(), buffers.data(),
                                     static_cast<unsigned int>(buffers.size()));
  }

  void prepare(io_uring_sqe& entry, const IoCall& call) const {
    const int file = fixed_file_ ? 0 : file_;
    const iovec& buffer = call.segments[0];
    const auto count = static_cast<unsigned int>(call.segments.size());
    const auto length = static_cast<unsigned int>(buffer.iov_len);
    const auto offset = static_cast<std::uint64_t>(call.offset);
    const auto slot = static_cast<int>(call.slot);
    if (count > 1) {
      (write_ ? io_uring_prep_writev : io_uring_prep_readv)(&entry, file, call.segments.data(),
                                                            count, offset);
    } else if (write_ && fixed_buffers_) {
      io_uring_prep_write_fixed(&entry, file, buffer.iov_base, length, offset, slot);
    } else if (fixed_buffers_) {
      io_uring_prep_read_fixed(&entry, file, buffer.iov_base, length, offset, slot);
    } else if (write_) {
      io_uring_prep_write(&entry, file, buffer.iov_base, length, offset);
    } else {
      io_uring_prep_read(&entry, file, buffer.iov_base, length, offset);
    }
  }

  int file_;
  bool write_;
  bool fixed_buffers_;
  bool fixed_file_;
  unsigned int in_flight_ = 0;
  std::vector<Completion> refused_;
  Ring ring_;
};

}  // namespace

MadeEngine make_uring(const EngineSetup& setup) {
  auto engine = std::make_unique<UringEngine>(setup);
  if (const int result = engine->setup(setup); result != 0) {
    return fusetest::system_failure("set up", "io_uring", -result,
                                    "check kernel.io_uring_disabled and the memlock limit");
  }
  return engine;
}

}  // namespace sgio
