// SPDX-License-Identifier: Apache-2.0
#include "agent/host/fuse_module.h"

#include <sys/stat.h>
#include <unistd.h>

namespace fusescope {

FuseModule fuse_module(const std::string& sys) {
  const std::string folder = sys + "/module/fuse";
  struct stat status{};
  if (stat(folder.c_str(), &status) != 0) return {};
  // Only a module that was loaded has a state of its initialization.
  const bool loadable = access((folder + "/initstate").c_str(), F_OK) == 0;
  return {.present = true, .loadable = loadable, .identity = status.st_ino};
}

}  // namespace fusescope
