// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fusescope {

// What keeps the process that answers requests from doing anything else. False: not in force.
struct Confinement {
  bool user = false;          // none of its threads runs as root
  bool capabilities = false;  // none of its threads has one
  bool system_calls = false;  // the kernel refuses those that it has no use for
  bool broker = false;        // another process has the right to look at processes, and answers
};

}  // namespace fusescope
