// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace fusescope {

// While it lives, libbpf prints nothing: its warnings are kept, to explain a failed load or attach.
// libbpf has one print callback for the process, so that there may be only one of these at a time.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  // The last line of the verifier's log, or else libbpf's last warning; empty if there was none.
  [[nodiscard]] std::string reason() const;
};

}  // namespace fusescope
