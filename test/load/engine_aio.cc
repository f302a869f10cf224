// SPDX-License-Identifier: Apache-2.0
// io_submit, by its raw syscalls: libaio would add nothing but a dependency.
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "load/engine.h"

namespace sgio {
namespace {

class AioContext {
 public:
  AioContext() = default;
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;
  ~AioContext() {
    if (context_ != 0) ::syscall(SYS_io_destroy, context_);
  }

  bool setup(unsigned int depth) { return ::syscall(SYS_io_setup, depth, &context_) == 0; }
  aio_context_t get() const { return context_; }

 private:
  aio_context_t context_ = 0;
};

class AioEngine final : public Engine {
 public:
  explicit AioEngine(const EngineSetup& setup)
      : file_(setup.file),
        write_(setup.options.write),
        iocbs_(setup.options.queue_depth),
        events_(setup.options.queue_depth) {}

  bool setup() { return context_.setup(static_cast<unsigned int>(iocbs_.size())); }

  void queue(const IoCall& call) override {
    iocb& block = iocbs_[call.slot];
    block = {};
    block.aio_data = call.slot;
    block.aio_fildes = static_cast<std::uint32_t>(file_);
    block.aio_offset = call.offset;
    const bool vector = call.segments.size() > 1;
    block.aio_lio_opcode = opcode(vector);
    const void* const target =
        vector ? static_cast<const void*>(call.segments.data()) : call.segments[0].iov_base;
    block.aio_buf = reinterpret_cast<std::uint64_t>(target);
    block.aio_nbytes = vector ? call.segments.size() : call.segments[0].iov_len;
    queued_.push_back(&block);
  }

  void wait(std::vector<Completion>& done) override {
    submit(done);
    while (in_flight_ > 0) {
      const long count = ::syscall(SYS_io_getevents, context_.get(), done.empty() ? 1L : 0L,
                                   static_cast<long>(events_.size()), events_.data(), nullptr);
      if (count < 0) continue;  // a signal; nothing else can go wrong with these arguments
      take(done, count);
      return;
    }
  }

 private:
  std::uint16_t opcode(bool vector) const {
    if (vector) return write_ ? IOCB_CMD_PWRITEV : IOCB_CMD_PREADV;
    return write_ ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD;
  }

  // The kernel takes the list until an iocb that it refuses: that one's call has failed.
  void submit(std::vector<Completion>& done) {
    for (std::size_t first = 0; first < queued_.size();) {
      const long taken = ::syscall(SYS_io_submit, context_.get(),
                                   static_cast<long>(queued_.size() - first), &queued_[first]);
      if (taken > 0) {
        first += static_cast<std::size_t>(taken);
        in_flight_ += taken;
      } else if (errno != EINTR) {
        done.push_back({static_cast<unsigned int>(queued_[first]->aio_data), -errno});
        ++first;
      }
    }
    queued_.clear();
  }

  void take(std::vector<Completion>& done, long count) {
    for (long index = 0; index < count; ++index) {
      const io_event& event = events_[static_cast<std::size_t>(index)];
      done.push_back({static_cast<unsigned int>(event.data), static_cast<ssize_t>(event.res)});
    }
    in_flight_ -= count;
  }

  int file_;
  bool write_;
  std::vector<iocb> iocbs_;  // by slot
  std::vector<io_event> events_;
  std::vector<iocb*> queued_;
  long in_flight_ = 0;
  AioContext context_;
};

}  // namespace

MadeEngine make_aio(const EngineSetup& setup) {
  auto engine = std::make_unique<AioEngine>(setup);
  if (!engine->setup()) {
    return fusetest::system_failure("set up", "aio", errno,
                                    "use a smaller --queue-depth or raise fs.aio-max-nr");
  }
  return engine;
}

}  // namespace sgio
