// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/transfer.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fusescope {
namespace {

constexpr std::uint32_t kCallsUnasked = 8;  // between two looks whether anybody waits
constexpr int kShort = -1;
constexpr std::uint64_t kBufferBytes = 2 * kShapeBytes;

std::vector<iovec> iovecs_of(const IoShape& shape, std::byte* buffers) {
  std::vector<iovec> iovecs(shape.segments);
  for (std::uint32_t i = 0; i < shape.segments; i++) {
    iovecs[i] = {.iov_base = buffers + 2 * i * shape.segment_bytes + shape.address_in_page,
                 .iov_len = shape.segment_bytes};
  }
  return iovecs;
}

// A filesystem without FSYNC has written all that it ever will.
int sync(int file) {
  if (fdatasync(file) == 0 || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP) return 0;
  return errno;
}

}  // namespace

Transfer::Transfer(std::function<bool()> is_abandoned)
    : is_abandoned_(std::move(is_abandoned)),
      page_bytes_(static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))),
      shapes_(io_shapes(page_bytes_)) {}

Transfer::~Transfer() { std::free(buffers_); }

bool Transfer::prepare() {
  if (buffers_) return true;
  buffers_ = static_cast<std::byte*>(std::aligned_alloc(page_bytes_, kBufferBytes));
  if (buffers_) std::memset(buffers_, 0x5a, kBufferBytes);
  return buffers_ != nullptr;
}

// 0, errno, or kShort: fewer bytes than asked for.
int Transfer::call_all(int file, fusescope_op op, const IoShape& shape, std::uint64_t offset) {
  const auto iovecs = iovecs_of(shape, buffers_);
  const auto call_bytes = static_cast<ssize_t>(shape.segments * shape.segment_bytes);
  const auto call = op == FUSESCOPE_READ ? preadv : pwritev;
  for (std::uint32_t i = 0; i < shape.calls; i++) {
    if (i % kCallsUnasked == 0 && is_abandoned_()) return ECANCELED;
    const auto at = static_cast<off_t>(offset) + i * call_bytes;
    const ssize_t done = call(file, iovecs.data(), static_cast<int>(shape.segments), at);
    if (done < 0) return errno;
    if (done != call_bytes) return kShort;
  }
  return 0;
}

Transfer::Outcome Transfer::run(int file, fusescope_op op, bool is_direct, std::size_t shape,
                                std::uint64_t offset) {
  if (op == FUSESCOPE_READ && !is_direct) {
    posix_fadvise(file, static_cast<off_t>(offset), kShapeBytes, POSIX_FADV_DONTNEED);
  }
  const auto begin = std::chrono::steady_clock::now();
  int error = call_all(file, op, shapes_[shape], offset);
  if (!error && op == FUSESCOPE_WRITE && !is_direct) error = sync(file);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  if (error == kShort) return {.error = 0, .is_short = true, .seconds = 0};
  return {.error = error, .is_short = false, .seconds = elapsed.count()};
}

}  // namespace fusescope
