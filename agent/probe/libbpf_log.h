// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace fusescope {

// While it lives, libbpf prints nothing: its warnings are kept, to explain a failed load or attach.
// libbpf has one print callback for the process, so that there may be only one of these at a time.
class LibbpfLog {
 public:
  LibbpfLog();
  ~LibbpfLog();
  LibbpfLog(const LibbpfLog&) = delete;
  LibbpfLog& operator=(const LibbpfLog&) = delete;

  [[nodiscard]] std::string reason() const;
  [[nodiscard]] std::string program() const;
};

// The last line of libbpf's output that says why something failed: of the verifier's log, or else
// libbpf's last warning; empty if there is none.
std::string last_reason(std::string_view log);

// The program that libbpf's output names last: it is the one that was refused, as libbpf goes no
// further. Empty if it names none.
std::string last_program(std::string_view log);

}  // namespace fusescope
