// SPDX-License-Identifier: Apache-2.0
#include "agent/host/path_mounts.h"

#include "test/fuzz/directory.h"
#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

// The path that is asked for, then two mount tables, by an empty line each.
void path_mounts(std::string_view bytes) {
  static const auto directory =
      directory_with({{"proc/self/ns/mnt", "mnt:[1]"}, {"proc/7/ns/mnt", "mnt:[2]"}});
  Source source(bytes);
  const std::string asked(source.until("\n\n"));
  directory->write("proc/self/mountinfo", source.until("\n\n"));
  directory->write("proc/7/mountinfo", source.rest());
  const std::string path = absolute_path(asked);
  hold(path.starts_with('/') && absolute_path(path) == path, "an absolute path is its own", path);
  const auto device = fuse_device_here(asked, "fusescope trace", directory->path());
  const std::string advice = other_namespace_advice(asked, "fusescope trace", directory->path());
  hold(!device || advice.empty(), "what is here is not looked for elsewhere", advice);
}

}  // namespace fusescope::fuzz
