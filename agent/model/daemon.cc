// SPDX-License-Identifier: Apache-2.0
#include "agent/model/daemon.h"

#include <algorithm>
#include <array>

namespace fusescope {
namespace {

constexpr std::size_t kCommandBytes = 15;  // TASK_COMM_LEN, less the byte that ends it

struct Command {
  std::string_view name;
  std::string_view daemon;
};

// A daemon started by mount(8) has the name of its mount helper.
constexpr std::array kCommands = {
    Command{"bindfs", "bindfs"},
    Command{"borg", "borg"},
    Command{"borgfs", "borg"},
    Command{"ceph-fuse", "ceph-fuse"},
    Command{"fuse2fs", "fuse2fs"},
    Command{"gcsfuse", "gcsfuse"},
    Command{"glusterfs", "glusterfs"},
    Command{"juicefs", "juicefs"},
    Command{"lowntfs-3g", "ntfs-3g"},
    Command{"mfsmount", "moosefs"},
    Command{"mount-s3", "mountpoint-s3"},
    Command{"mount.ceph-fuse", "ceph-fuse"},
    Command{"mount.davfs", "davfs2"},
    Command{"mount.exfat", "exfat-fuse"},
    Command{"mount.exfat-fuse", "exfat-fuse"},
    Command{"mount.fuse.ceph", "ceph-fuse"},
    Command{"mount.juicefs", "juicefs"},
    Command{"mount.lowntfs-3g", "ntfs-3g"},
    Command{"mount.ntfs", "ntfs-3g"},
    Command{"mount.ntfs-3g", "ntfs-3g"},
    Command{"mount.rclone", "rclone"},
    Command{"ntfs-3g", "ntfs-3g"},
    Command{"rclone", "rclone"},
    Command{"rclonefs", "rclone"},
    Command{"restic", "restic"},
    Command{"s3fs", "s3fs"},
    Command{"sshfs", "sshfs"},
};

}  // namespace

std::string_view daemon_of_command(std::string_view command) {
  const auto found = std::ranges::find_if(kCommands, [&](const Command& each) {
    return each.name == command ||
           (command.size() == kCommandBytes && each.name.starts_with(command));
  });
  return found == kCommands.end() ? "" : found->daemon;
}

std::string daemon_of(const MountSnapshot& mount) {
  if (const auto daemon = daemon_of_command(mount.daemon); !daemon.empty()) {
    return std::string(daemon);
  }
  const std::string& fstype = mount.identity.fstype;
  if (fstype == "fuse") return mount.identity.source;
  return fstype.substr(fstype.find('.') + 1);
}

}  // namespace fusescope
