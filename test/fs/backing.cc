// SPDX-License-Identifier: Apache-2.0
#include "fs/backing.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

#include "fs/file_descriptor.h"

namespace countfs {
namespace {

// struct fuse_backing_map
struct BackingMap {
  std::int32_t file;
  std::uint32_t flags;
  std::uint64_t padding;
};

constexpr unsigned int backing_open = _IOW(229, 1, BackingMap);  // FUSE_DEV_IOC_BACKING_OPEN
constexpr std::uint32_t open_passthrough = 1U << 7;              // FOPEN_PASSTHROUGH

}  // namespace

std::expected<std::int32_t, fusetest::Error> open_backing(int device, const std::string& path) {
  const fusetest::FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return fusetest::system_failure("open", path, errno);
  const BackingMap map{.file = file.get(), .flags = 0, .padding = 0};
  const int backing = ::ioctl(device, backing_open, &map);
  if (backing < 0) {
    return fusetest::system_failure("pass I/O through to", path, errno,
                                    "it takes Linux 6.9 or later, and root");
  }
  return backing;
}

void pass_through(std::span<std::byte> open_reply, std::int32_t backing) {
  fuse_open_out reply{};
  if (open_reply.size() < sizeof(reply)) return;
  std::memcpy(&reply, open_reply.data(), sizeof(reply));
  reply.open_flags |= open_passthrough;
  reply.padding = static_cast<std::uint32_t>(backing);  // backing_id, in newer headers
  std::memcpy(open_reply.data(), &reply, sizeof(reply));
}

}  // namespace countfs
