// SPDX-License-Identifier: Apache-2.0
// vector, plain, stream, streamv: one syscall of the read or write family a call.
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "load/engine.h"

namespace sgio {
namespace {

using Syscall = ssize_t (*)(int file, const IoCall& call);

int count_of(const IoCall& call) { return static_cast<int>(call.segments.size()); }

ssize_t preadv_call(int file, const IoCall& call) {
  return ::preadv(file, call.segments.data(), count_of(call), call.offset);
}
ssize_t pwritev_call(int file, const IoCall& call) {
  return ::pwritev(file, call.segments.data(), count_of(call), call.offset);
}
ssize_t pread_call(int file, const IoCall& call) {
  return ::pread(file, call.segments[0].iov_base, call.segments[0].iov_len, call.offset);
}
ssize_t pwrite_call(int file, const IoCall& call) {
  return ::pwrite(file, call.segments[0].iov_base, call.segments[0].iov_len, call.offset);
}
ssize_t readv_call(int file, const IoCall& call) {
  return ::readv(file, call.segments.data(), count_of(call));
}
ssize_t writev_call(int file, const IoCall& call) {
  return ::writev(file, call.segments.data(), count_of(call));
}
ssize_t read_call(int file, const IoCall& call) {
  return ::read(file, call.segments[0].iov_base, call.segments[0].iov_len);
}
ssize_t write_call(int file, const IoCall& call) {
  return ::write(file, call.segments[0].iov_base, call.segments[0].iov_len);
}

class PositionalEngine final : public ImmediateEngine {
 public:
  PositionalEngine(int file, Syscall syscall) : file_(file), syscall_(syscall) {}

 private:
  ssize_t perform(const IoCall& call) override {
    const ssize_t result = syscall_(file_, call);
    return result < 0 ? -errno : result;
  }

  int file_;
  Syscall syscall_;
};

// Seeks only where the file position is not where the call goes.
class StreamEngine final : public ImmediateEngine {
 public:
  StreamEngine(int file, Syscall syscall) : file_(file), syscall_(syscall) {}

 private:
  ssize_t perform(const IoCall& call) override {
    if (call.offset != position_) {
      if (::lseek(file_, call.offset, SEEK_SET) < 0) return -errno;
      position_ = call.offset;
    }
    const ssize_t result = syscall_(file_, call);
    if (result < 0) return -errno;
    position_ += result;
    return result;
  }

  int file_;
  Syscall syscall_;
  off_t position_ = 0;
};

template <typename Kind>
MadeEngine make(const EngineSetup& setup, Syscall read, Syscall write) {
  return std::make_unique<Kind>(setup.file, setup.options.write ? write : read);
}

}  // namespace

MadeEngine make_vector(const EngineSetup& setup) {
  return make<PositionalEngine>(setup, preadv_call, pwritev_call);
}
MadeEngine make_plain(const EngineSetup& setup) {
  return make<PositionalEngine>(setup, pread_call, pwrite_call);
}
MadeEngine make_stream(const EngineSetup& setup) {
  return make<StreamEngine>(setup, read_call, write_call);
}
MadeEngine make_stream_vector(const EngineSetup& setup) {
  return make<StreamEngine>(setup, readv_call, writev_call);
}

}  // namespace sgio
