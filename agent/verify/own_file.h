// SPDX-License-Identifier: Apache-2.0
// The file that verify makes, and no other: what is opened, written and removed is its inode,
// whatever has its name meanwhile. Runs in the process that may hang: see worker.h.
#pragma once

#include <string>

#include "agent/base/unique_fd.h"

namespace fusescope {

// Opens the regular file that `anchor` (O_PATH) stands for once more; none and errno where it
// cannot be, ESTALE if that would be another file.
UniqueFd open_again(int anchor, int flags);

class OwnFile {
 public:
  // Makes it in the directory, which must outlive this: open for writing, and not for reading,
  // which some daemons refuse of a file that is open for both. None and errno where it cannot be
  // made; remove() is due then as well.
  UniqueFd create(int directory, const std::string& name);

  // The descriptor that stands for it; -1: there is none.
  [[nodiscard]] int anchor() const { return anchor_.get(); }

  // Removes it, if there is one, and if it still has its name; otherwise the errno. One that could
  // not be removed can be tried again.
  int remove();

 private:
  int directory_ = -1;
  std::string name_;  // empty: nothing is to be removed
  UniqueFd anchor_;
};

}  // namespace fusescope
