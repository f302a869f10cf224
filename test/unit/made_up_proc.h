// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "test/unit/temporary_directory.h"

namespace fusescope {

inline std::string line(const std::string& device, const std::string& mountpoint,
                        const std::string& fstype = "fuse.test") {
  return "1 2 " + device + " / " + mountpoint + " rw - " + fstype + " source rw\n";
}

// A procfs made up of files. The test itself runs in the namespace "mnt:[1]".
class Proc {
 public:
  Proc() {
    self("");
    half_process("self", 1);
  }

  [[nodiscard]] const std::string& path() const { return directory_.path(); }

  void self(const std::string& mountinfo) { directory_.write("self/mountinfo", mountinfo); }

  void process(const std::string& name, int mount_namespace, const std::string& mountinfo) {
    end(name);
    half_process(name, mount_namespace);
    directory_.write(name + "/mountinfo", mountinfo);
  }

  // One that ends while it is looked at: its mountinfo cannot be read any more.
  void half_process(const std::string& name, int mount_namespace) {
    directory_.link(name + "/ns/mnt", "mnt:[" + std::to_string(mount_namespace) + "]");
  }

  void write(const std::string& name, const std::string& text) { directory_.write(name, text); }
  void end(const std::string& name) { directory_.remove(name); }

 private:
  TemporaryDirectory directory_;
};

}  // namespace fusescope
