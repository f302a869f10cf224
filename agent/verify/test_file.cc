// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/test_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "agent/verify/shapes.h"

namespace fusescope {
namespace {

constexpr std::uint32_t kPlaces = 4;  // of kShapeBytes each
// In turn; never one behind the other, where the kernel may still be reading ahead.
constexpr std::array<std::uint32_t, kPlaces> kTurns = {0, 2, 1, 3};
constexpr std::uint64_t kSegmentSpace = 2 * 4096;  // room to begin anywhere in a page
constexpr std::uint64_t kBufferBytes = 256 * kSegmentSpace;
constexpr std::size_t kAlignment = 1 << 16;  // the largest page of any architecture
constexpr std::uint32_t kCallsUnasked = 8;   // between two looks whether anybody waits

Answer failed(const char* operation, int error) {
  Answer answer;
  answer.error = error;
  std::snprintf(answer.operation, sizeof answer.operation, "%s", operation);
  return answer;
}

std::vector<iovec> iovecs_of(const IoShape& shape, std::byte* buffers) {
  std::vector<iovec> iovecs(shape.segments);
  for (std::uint32_t i = 0; i < shape.segments; i++) {
    iovecs[i] = {.iov_base = buffers + i * kSegmentSpace + shape.address_in_page,
                 .iov_len = shape.segment_bytes};
  }
  return iovecs;
}

}  // namespace

TestFile::TestFile(std::string folder, std::function<bool()> is_abandoned)
    : folder_(std::move(folder)), is_abandoned_(std::move(is_abandoned)) {}

TestFile::~TestFile() {
  remove();
  std::free(buffers_);
}

Answer TestFile::carry_out(const Order& order) {
  switch (order.step) {
    case Step::look: return look();
    case Step::create: return create(order.name);
    case Step::run: return run(order);
    case Step::remove: return remove();
  }
  std::unreachable();
}

Answer TestFile::look() {
  directory_.reset(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_) return failed("open", errno);
  struct statfs filesystem{};
  struct stat status{};
  if (fstatfs(directory_.get(), &filesystem)) return failed("statfs", errno);
  if (fstat(directory_.get(), &status)) return failed("stat", errno);
  Answer answer;
  answer.filesystem = filesystem.f_type;
  answer.device_major = major(status.st_dev);
  answer.device_minor = minor(status.st_dev);
  return answer;
}

bool TestFile::fill() {
  for (std::uint32_t i = 0; i < kPlaces; i++) {
    const auto offset = static_cast<off_t>(i * kShapeBytes);
    const ssize_t written = pwrite(file_.get(), buffers_, kShapeBytes, offset);
    if (written < 0) return false;
    if (static_cast<std::uint64_t>(written) != kShapeBytes) {
      errno = ENOSPC;
      return false;
    }
  }
  return fsync(file_.get()) == 0 || errno == ENOSYS || errno == EINVAL;
}

// The file is made first and opened with O_DIRECT then: a filesystem that refuses the flag may have
// made it all the same.
Answer TestFile::create(const std::string& name) {
  if (!buffers_) {
    buffers_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, kBufferBytes));
    if (!buffers_) return failed("allocate memory for", ENOMEM);
    std::memset(buffers_, 0x5a, kBufferBytes);
  }
  constexpr int kFlags = O_RDWR | O_NOFOLLOW | O_CLOEXEC;
  file_.reset(openat(directory_.get(), name.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  if (!file_) return failed("create a file in", errno);
  name_ = name;
  if (!fill()) {
    const int error = errno;
    remove();
    return failed("write to", error);
  }
  UniqueFd direct(openat(directory_.get(), name.c_str(), kFlags | O_DIRECT));
  is_direct_ = static_cast<bool>(direct);
  if (direct) file_ = std::move(direct);
  Answer answer;
  answer.is_direct = is_direct_;
  return answer;
}

// One shape at one place; false with errno, 0 for fewer bytes than asked for.
bool TestFile::transfer(const Order& order, std::uint64_t offset) {
  const IoShape& shape = io_shapes()[order.shape];
  const auto iovecs = iovecs_of(shape, buffers_);
  const auto call_bytes = static_cast<ssize_t>(shape.segments * shape.segment_bytes);
  const auto count = static_cast<int>(shape.segments);
  const auto call = order.op == FUSESCOPE_READ ? preadv : pwritev;
  for (std::uint32_t i = 0; i < shape.calls; i++) {
    errno = ECANCELED;
    if (i % kCallsUnasked == 0 && is_abandoned_()) return false;
    errno = 0;
    const auto at = static_cast<off_t>(offset) + i * call_bytes;
    if (call(file_.get(), iovecs.data(), count, at) != call_bytes) return false;
  }
  return true;
}

Answer TestFile::run(const Order& order) {
  Answer answer;
  for (std::uint32_t i = 0; i < order.repetitions; i++) {
    const std::uint64_t offset = kTurns[next_place_++ % kPlaces] * kShapeBytes;
    if (!is_direct_) posix_fadvise(file_.get(), 0, 0, POSIX_FADV_DONTNEED);
    const auto begin = std::chrono::steady_clock::now();
    bool is_done = transfer(order, offset);
    if (is_done && !is_direct_ && order.op == FUSESCOPE_WRITE) {
      is_done = fdatasync(file_.get()) == 0;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    if (!is_done) {
      answer = failed(order.op == FUSESCOPE_READ ? "read from" : "write to", errno);
      answer.is_short = answer.error == 0;
      return answer;
    }
    answer.seconds += elapsed.count();
  }
  return answer;
}

Answer TestFile::remove() {
  file_.reset();
  if (name_.empty()) return {};
  if (unlinkat(directory_.get(), name_.c_str(), 0) && errno != ENOENT) {
    return failed("remove the file in", errno);
  }
  name_.clear();
  return {};
}

}  // namespace fusescope
