// SPDX-License-Identifier: Apache-2.0
#include "agent/host/mounts.h"

#include "agent/host/mountinfo.h"
#include "test/fuzz/directory.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

// The mountinfo of this namespace, an empty line, and that of another one.
void mounts(std::string_view bytes) {
  static const auto directory =
      directory_with({{"self/ns/mnt", "mnt:[1]"}, {"7/ns/mnt", "mnt:[2]"}});
  Source source(bytes);
  directory->write("self/mountinfo", source.until("\n\n"));
  directory->write("7/mountinfo", source.rest());
  const WantedDevices wanted = {{41, {}}, {42, {}}};
  Mounts mounts(directory->path());
  const MountsByDevice found = mounts.find(wanted);
  for (const auto& [device, identity] : found) {
    hold(identity.device == device, "a mount is found by its device");
    hold(is_fuse(identity.fstype), "only mounts of FUSE are found", identity.fstype);
  }
  hold(mounts.find(wanted) == found, "what has not changed is found again");
}

}  // namespace fusescope::fuzz
