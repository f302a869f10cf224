// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/libbpf_log.h"

#include "test/fuzz/fuzz.h"

namespace fusescope::fuzz {

void libbpf_log(std::string_view bytes) {
  for (const std::string& found : {last_reason(bytes), last_program(bytes)}) {
    hold(bytes.contains(found) && !found.contains('\n'), "it is a piece of a line of the log",
         found);
  }
}

}  // namespace fusescope::fuzz
