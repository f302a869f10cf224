// SPDX-License-Identifier: Apache-2.0
#include "load/target_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "fs/pattern.h"
#include "load/engine.h"

namespace sgio {
namespace {

std::expected<void, fusetest::Error> fill(const fusetest::FileDescriptor& file,
                                          const Options& options) {
  const std::uint64_t size = *options.create_size;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(size, 1U << 20));
  for (std::uint64_t offset = 0; offset < size;) {
    const std::span part(buffer.data(), std::min(buffer.size(), size - offset));
    fusetest::fill_pattern(part, offset);
    const ssize_t written =
        ::pwrite(file.get(), part.data(), part.size(), static_cast<off_t>(offset));
    if (written <= 0) return fusetest::system_failure("fill", options.file, errno);
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

int open_flags(const Options& options) {
  const bool mapped_for_writing = options.write && options.engine->make == make_mmap;
  const int access = !options.write ? O_RDONLY : mapped_for_writing ? O_RDWR : O_WRONLY;
  const int create = options.write ? O_CREAT : 0;
  return access | create | O_CLOEXEC | (options.direct ? O_DIRECT : 0);
}

}  // namespace

std::expected<void, fusetest::Error> create_target(const Options& options) {
  if (!options.create_size) return {};
  const fusetest::FileDescriptor file(
      ::open(options.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid()) return fusetest::system_failure("create", options.file, errno);
  if (::ftruncate(file.get(), static_cast<off_t>(*options.create_size)) != 0) {
    return fusetest::system_failure("resize", options.file, errno);
  }
  return options.verify ? fill(file, options) : std::expected<void, fusetest::Error>();
}

std::expected<fusetest::FileDescriptor, fusetest::Error> open_target(const Options& options) {
  fusetest::FileDescriptor file(::open(options.file.c_str(), open_flags(options), 0666));
  if (!file.valid()) {
    return fusetest::system_failure("open", options.file, errno,
                                    errno == ENOENT ? "--create SIZE makes it" : "");
  }
  if (options.readahead_off) {
    const int error = ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM);
    if (error != 0) return fusetest::system_failure("advise on", options.file, error);
  }
  return file;
}

std::expected<std::uint64_t, fusetest::Error> size_of(const fusetest::FileDescriptor& file,
                                                      const Options& options) {
  struct stat attributes{};
  if (::fstat(file.get(), &attributes) != 0) {
    return fusetest::system_failure("read attributes of", options.file, errno);
  }
  return static_cast<std::uint64_t>(attributes.st_size);
}

}  // namespace sgio
