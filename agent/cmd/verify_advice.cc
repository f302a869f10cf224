// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_advice.h"

#include <array>
#include <cerrno>
#include <span>

namespace fusescope {
namespace {

struct Advice {
  int error;
  const char* text;
};

constexpr const char* kOfAnotherUser =
    "run it as the user who mounted it, or mount with -o allow_other";
constexpr const char* kNeedsRoom = "verify writes a file of 4 MiB: make room for it";
constexpr const char* kNeedsDirectory =
    "verify writes a file of its own: give a directory where files can be made";
constexpr const char* kNoDirect =
    "the daemon refuses direct I/O, or hands O_DIRECT on to what refuses it: programs have the "
    "page "
    "cache only";

constexpr std::array kForDirectory = {
    Advice{EACCES, kOfAnotherUser},
    Advice{EPERM, kOfAnotherUser},
    Advice{ENOENT, "give a directory of a FUSE mount"},
    Advice{ENOTDIR, "give the directory of a FUSE mount, not a file"},
};

constexpr std::array kForFile = {
    Advice{ENODATA, "none has 1 MiB or more: name one with --file"},
    Advice{ELOOP, "it is a symbolic link: give the file that it leads to"},
    Advice{EINVAL, "it is no regular file: give one with --file"},
    Advice{EXDEV, "it is on another filesystem: give a file of this mount"},
};

constexpr std::array kForDirect = {
    Advice{EINVAL, kNoDirect},
    Advice{EOPNOTSUPP, kNoDirect},
};

constexpr std::array kForReads = {
    Advice{EACCES, "it may not be read: name a file that may be with --file"},
    Advice{EPERM, "it may not be read: name a file that may be with --file"},
};

// As rclone without --vfs-cache-mode.
constexpr const char* kOnlyNewFiles =
    "the daemon takes only what is written in order to a new file: see its options";
constexpr std::array kForWrites = {
    Advice{EACCES, kOnlyNewFiles},
    Advice{EPERM, kOnlyNewFiles},
    Advice{ESPIPE, kOnlyNewFiles},
};

constexpr std::array kForAll = {
    Advice{EROFS, "it is mounted read-only: mount it writable to have writes tested"},
    Advice{ENOSPC, kNeedsRoom},
    Advice{EDQUOT, kNeedsRoom},
    Advice{EFBIG, kNeedsRoom},
    Advice{EACCES, kNeedsDirectory},
    Advice{EPERM, kNeedsDirectory},
    Advice{ENOSYS, kNeedsDirectory},
    Advice{EOPNOTSUPP, kNeedsDirectory},
    Advice{EIO, "look into the daemon's log"},
    Advice{ENOTCONN, "its daemon is gone: mount it again"},
};

std::string text_for(int error, std::span<const Advice> table) {
  for (const Advice& advice : table) {
    if (advice.error == error) return advice.text;
  }
  return "";
}

std::span<const Advice> table_of(const Command& command) {
  switch (command.step) {
    case Step::look: return kForDirectory;
    case Step::find: return kForFile;
    case Step::run:
      return command.op == FUSESCOPE_READ ? std::span<const Advice>(kForReads) : kForWrites;
    default: return {};
  }
}

}  // namespace

std::string verify_advice(const Command& command, int error) {
  std::string text;
  if (command.step == Step::run && command.is_direct) text = text_for(error, kForDirect);
  if (text.empty()) text = text_for(error, table_of(command));
  return text.empty() ? text_for(error, kForAll) : text;
}

}  // namespace fusescope
