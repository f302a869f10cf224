// SPDX-License-Identifier: Apache-2.0
#include "agent/host/port_holder.h"

#include "test/fuzz/directory.h"
#include "test/fuzz/fuzz.h"
#include "test/fuzz/text_checks.h"

namespace fusescope::fuzz {

// comm, then the tables of TCP, by an empty line each.
void port_holder(std::string_view bytes) {
  static const auto directory = directory_with({{"proc/7/fd/3", "socket:[55]"}});
  Source source(bytes);
  directory->write("proc/7/comm", source.until("\n\n"));
  directory->write("proc/net/tcp", source.until("\n\n"));
  directory->write("proc/net/tcp6", source.rest());
  for (const char* address : {"127.0.0.1", "::1", "0.0.0.0", "::"}) {
    const std::string holder = fusescope::port_holder(address, 10980, directory->path());
    hold_for_terminal(holder);
    hold(holder.empty() || (holder.ends_with(" (pid 7)") && !holder.contains('\n')),
         "the holder is the one process that there is", holder);
  }
}

}  // namespace fusescope::fuzz
