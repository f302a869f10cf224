// SPDX-License-Identifier: Apache-2.0
#include "agent/host/fuse_module.h"

#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "agent/host/procfs.h"

namespace fusescope {
namespace {

// A kernel can have FUSE built in without a directory for it in /sys/module.
bool is_registered(const std::string& root) {
  std::istringstream words(read_procfs(root + "/proc/filesystems").value_or(""));
  for (std::string word; words >> word;) {
    if (word == "fuse") return true;
  }
  return false;
}

}  // namespace

FuseModule fuse_module(const std::string& root) {
  const std::string directory = root + "/sys/module/fuse";
  struct stat status{};
  if (stat(directory.c_str(), &status) != 0) return {.present = is_registered(root)};
  // Only a module that was loaded has a state of its initialization.
  const bool loadable = access((directory + "/initstate").c_str(), F_OK) == 0;
  return {.present = true, .loadable = loadable, .identity = status.st_ino};
}

}  // namespace fusescope
