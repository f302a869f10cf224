// SPDX-License-Identifier: Apache-2.0
// Touches each page of a mapping. What fails in a page fault comes as SIGBUS.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstring>

#include "load/engine.h"

namespace sgio {
namespace {

// Where the thread's SIGBUS handler returns to; null while the thread touches no mapping.
sigjmp_buf*& recovery_point() {
  thread_local sigjmp_buf* point = nullptr;
  return point;
}

void on_bus_error(int signal) {
  if (recovery_point() != nullptr) siglongjmp(*recovery_point(), 1);
  std::signal(signal, SIG_DFL);  // not ours: die of it when the fault repeats
}

// In a frame of its own, in which nothing has a destructor that the jump could skip.
template <typename Touch>
ssize_t guarded(Touch touch) {
  sigjmp_buf point;
  if (sigsetjmp(point, 1) != 0) {
    recovery_point() = nullptr;
    return -EIO;
  }
  recovery_point() = &point;
  // The compiler does not see that a fault reads it: keep both stores, and in this order.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const ssize_t result = touch();
  std::atomic_signal_fence(std::memory_order_seq_cst);
  recovery_point() = nullptr;
  return result;
}

class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (start_ != nullptr) ::munmap(start_, length_);
  }

  bool map(int file, std::size_t length, bool write) {
    const int rights = write ? PROT_READ | PROT_WRITE : PROT_READ;
    void* const mapped = ::mmap(nullptr, length, rights, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) return false;
    start_ = static_cast<std::byte*>(mapped);
    length_ = length;
    return true;
  }
  std::byte* start() const { return start_; }
  std::size_t length() const { return length_; }

 private:
  std::byte* start_ = nullptr;
  std::size_t length_ = 0;
};

class MmapEngine final : public ImmediateEngine {
 public:
  explicit MmapEngine(const Options& options) : write_(options.write), verify_(options.verify) {}

  bool setup(const EngineSetup& setup) {
    if (!mapping_.map(setup.file, setup.file_size, write_)) return false;
    // The advice to the file that --readahead-off gives has no effect on faults.
    return !setup.options.readahead_off ||
           ::madvise(mapping_.start(), mapping_.length(), MADV_RANDOM) == 0;
  }

 private:
  ssize_t perform(const IoCall& call) override {
    const auto offset = static_cast<std::size_t>(call.offset);
    if (offset >= mapping_.length()) return 0;
    const std::size_t length = std::min(call.bytes, mapping_.length() - offset);
    std::byte* const begin = mapping_.start() + offset;
    std::byte* const buffer = static_cast<std::byte*>(call.segments[0].iov_base);
    return guarded([&] {
      if (write_) {
        std::memcpy(begin, buffer, length);
      } else {
        touch_pages(begin, length);
        if (verify_) std::memcpy(buffer, begin, length);
      }
      return static_cast<ssize_t>(length);
    });
  }

  void touch_pages(const std::byte* begin, std::size_t length) const {
    for (std::size_t at = 0; at < length;) {
      static_cast<void>(static_cast<const volatile std::byte*>(begin)[at]);
      const std::size_t in_page = reinterpret_cast<std::uintptr_t>(begin + at) % page_;
      at += page_ - in_page;
    }
  }

  bool write_;
  bool verify_;
  std::size_t page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  Mapping mapping_;
};

}  // namespace

MadeEngine make_mmap(const EngineSetup& setup) {
  struct sigaction action{};
  action.sa_handler = on_bus_error;
  ::sigaction(SIGBUS, &action, nullptr);
  auto engine = std::make_unique<MmapEngine>(setup.options);
  if (!engine->setup(setup)) {
    return fusetest::system_failure("map", setup.options.file, errno,
                                    "an empty file needs --create SIZE");
  }
  return engine;
}

}  // namespace sgio
