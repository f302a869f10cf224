// SPDX-License-Identifier: Apache-2.0
// splice, sendfile, copy: the kernel moves the data, and this process does not see it.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fs/file_descriptor.h"
#include "load/engine.h"

namespace sgio {
namespace {

using fusetest::FileDescriptor;

ssize_t result_of(ssize_t returned) { return returned < 0 ? -errno : returned; }

// Through a pipe that holds a whole call, so that a call is one splice(2) of the file.
class SpliceEngine final : public ImmediateEngine {
 public:
  explicit SpliceEngine(const EngineSetup& setup)
      : file_(setup.file), write_(setup.options.write), verify_(setup.options.verify) {}

  bool setup(std::size_t call_bytes) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return false;
    read_end_ = FileDescriptor(ends[0]);
    write_end_ = FileDescriptor(ends[1]);
    nowhere_ = FileDescriptor(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    return ::fcntl(write_end_.get(), F_SETPIPE_SZ, call_bytes) >= 0;
  }

 private:
  ssize_t perform(const IoCall& call) override {
    return write_ ? pipe_to_file(call) : file_to_pipe(call);
  }

  ssize_t file_to_pipe(const IoCall& call) {
    loff_t offset = call.offset;
    const ssize_t result =
        result_of(::splice(file_, &offset, write_end_.get(), nullptr, call.bytes, 0));
    if (verify_ && result > 0) read_back(call);
    drain();
    return result;
  }

  ssize_t pipe_to_file(const IoCall& call) {
    const iovec& buffer = call.segments[0];
    const ssize_t filled = result_of(::write(write_end_.get(), buffer.iov_base, buffer.iov_len));
    if (filled < 0) return filled;
    loff_t offset = call.offset;
    const ssize_t result = result_of(
        ::splice(read_end_.get(), nullptr, file_, &offset, static_cast<std::size_t>(filled), 0));
    drain();
    return result;
  }

  void read_back(const IoCall& call) const {
    auto* const buffer = static_cast<std::byte*>(call.segments[0].iov_base);
    std::size_t done = 0;
    while (done < call.bytes) {
      const ssize_t got = ::read(read_end_.get(), buffer + done, call.bytes - done);
      if (got <= 0) return;
      done += static_cast<std::size_t>(got);
    }
  }

  void drain() const {
    constexpr std::size_t most = 1U << 30;
    while (::splice(read_end_.get(), nullptr, nowhere_.get(), nullptr, most, SPLICE_F_NONBLOCK) >
           0) {
    }
  }

  int file_;
  bool write_;
  bool verify_;
  FileDescriptor read_end_;
  FileDescriptor write_end_;
  FileDescriptor nowhere_;
};

// To /dev/null, or to memory where the data is to be verified; from memory for writes.
class SendfileEngine final : public ImmediateEngine {
 public:
  explicit SendfileEngine(const EngineSetup& setup)
      : file_(setup.file), write_(setup.options.write), verify_(setup.options.verify) {}

  bool setup() {
    const bool memory = write_ || verify_;
    other_ = FileDescriptor(memory ? ::memfd_create("sgio", MFD_CLOEXEC)
                                   : ::open("/dev/null", O_WRONLY | O_CLOEXEC));
    return other_.valid();
  }

 private:
  ssize_t perform(const IoCall& call) override {
    return write_ ? memory_to_file(call) : file_to_other(call);
  }

  ssize_t file_to_other(const IoCall& call) {
    off_t offset = call.offset;
    if (verify_ && ::lseek(other_.get(), 0, SEEK_SET) < 0) return -errno;
    const ssize_t result = result_of(::sendfile(other_.get(), file_, &offset, call.bytes));
    if (!verify_ || result <= 0) return result;
    const ssize_t back =
        ::pread(other_.get(), call.segments[0].iov_base, static_cast<std::size_t>(result), 0);
    return back < 0 ? -errno : result;
  }

  // sendfile writes at the file position only.
  ssize_t memory_to_file(const IoCall& call) {
    const iovec& buffer = call.segments[0];
    const ssize_t filled = ::pwrite(other_.get(), buffer.iov_base, buffer.iov_len, 0);
    if (filled < 0 || ::lseek(file_, call.offset, SEEK_SET) < 0) return -errno;
    off_t offset = 0;
    return result_of(::sendfile(file_, other_.get(), &offset, static_cast<std::size_t>(filled)));
  }

  int file_;
  bool write_;
  bool verify_;
  FileDescriptor other_;
};

class CopyEngine final : public ImmediateEngine {
 public:
  CopyEngine(int from, FileDescriptor to) : from_(from), to_(std::move(to)) {}

 private:
  ssize_t perform(const IoCall& call) override {
    loff_t from_offset = call.offset;
    loff_t to_offset = call.offset;
    return result_of(::copy_file_range(from_, &from_offset, to_.get(), &to_offset, call.bytes, 0));
  }

  int from_;
  FileDescriptor to_;
};

}  // namespace

MadeEngine make_splice(const EngineSetup& setup) {
  auto engine = std::make_unique<SpliceEngine>(setup);
  if (!engine->setup(setup.options.call_bytes())) {
    return fusetest::system_failure("make a pipe of",
                                    std::to_string(setup.options.call_bytes()) + " bytes", errno,
                                    "use smaller calls, raise fs.pipe-max-size or be root");
  }
  return engine;
}

MadeEngine make_sendfile(const EngineSetup& setup) {
  auto engine = std::make_unique<SendfileEngine>(setup);
  if (!engine->setup()) {
    return fusetest::system_failure("open", "the other end of sendfile", errno);
  }
  return engine;
}

MadeEngine make_copy(const EngineSetup& setup) {
  const std::string& path = setup.options.copy_to;
  const int direct = setup.options.direct ? O_DIRECT : 0;
  FileDescriptor to(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | direct, 0666));
  if (!to.valid()) return fusetest::system_failure("open", path, errno);
  return std::make_unique<CopyEngine>(setup.file, std::move(to));
}

}  // namespace sgio
