// SPDX-License-Identifier: Apache-2.0
// Which of a mount's limits binds: pure arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/model/snapshot.h"
#include "bpf/abi/abi.h"

namespace fusescope {

// What the host adds to the limits of each connection.
struct HostLimits {
  std::uint64_t page_bytes = 4096;
  // fs.fuse.max_pages_limit, since Linux 6.13; before, 256 pages (FUSE_MAX_MAX_PAGES,
  // fs/fuse/fuse_i.h).
  std::optional<std::uint64_t> max_pages_limit{};
  // Why that setting could not be read though it may be there, and 256 is no more than a guess;
  // empty: it was read, or this kernel has none.
  std::string unreadable{};

  // The most pages that a connection of this host can negotiate.
  [[nodiscard]] std::uint64_t most_pages() const { return max_pages_limit.value_or(256); }
  [[nodiscard]] std::uint64_t most_bytes() const { return most_pages() * page_bytes; }
};

// What is taken for the limit of a host that does not tell it, and why: for people. Empty: it is
// known.
std::string guess_of(const HostLimits& host);

enum class Limit { max_pages, max_read, max_write, no_big_writes, readahead };
const char* name_of(Limit limit);

// The largest request that an aligned call can make, and what stops it there.
struct Binding {
  Limit limit = Limit::max_pages;
  std::uint64_t bytes = 0;
  // What would stop it, and where, if `limit` were raised.
  Limit next = Limit::max_pages;
  std::uint64_t next_bytes = 0;
};

// Of two equal limits max_pages is named: raising the other alone would change nothing. Nothing for
// a connection whose INIT was not answered yet. A buffered read is also bound by the readahead
// window of the mount, if that is known, a buffered write by no_big_writes.
std::optional<Binding> binding_of(const MountSnapshot& mount, fusescope_op op, fusescope_mode mode,
                                  const HostLimits& host);

// Whether a cause is about a limit of the connection that is as large as this host lets any be:
// calls that need more are split whatever the daemon does.
bool is_hosts_maximum(fusescope_cause cause, const MountSnapshot& mount, const HostLimits& host);

}  // namespace fusescope
