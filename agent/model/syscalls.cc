// SPDX-License-Identifier: Apache-2.0
#include "agent/model/syscalls.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace fusescope {
namespace {

struct Name {
  std::int32_t number;
  const char* text;
};

constexpr std::array kNames = {Name{SYS_read, "read"},
                               Name{SYS_pread64, "pread64"},
                               Name{SYS_readv, "readv"},
                               Name{SYS_preadv, "preadv"},
                               Name{SYS_preadv2, "preadv2"},
                               Name{SYS_write, "write"},
                               Name{SYS_pwrite64, "pwrite64"},
                               Name{SYS_writev, "writev"},
                               Name{SYS_pwritev, "pwritev"},
                               Name{SYS_pwritev2, "pwritev2"},
                               Name{SYS_sendfile, "sendfile"},
                               Name{SYS_splice, "splice"},
                               Name{SYS_copy_file_range, "copy_file_range"},
                               Name{SYS_io_submit, "io_submit"},
                               Name{SYS_io_uring_enter, "io_uring"}};

}  // namespace

std::string syscall_name(std::int32_t number) {
  if (number < 0) return "";
  const auto* const found = std::ranges::find(kNames, number, &Name::number);
  return found == kNames.end() ? "syscall_" + std::to_string(number) : found->text;
}

}  // namespace fusescope
