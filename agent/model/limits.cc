// SPDX-License-Identifier: Apache-2.0
#include "agent/model/limits.h"

#include <algorithm>
#include <vector>

namespace fusescope {
namespace {

struct Bound {
  Limit limit;
  std::uint64_t bytes;
};

// Buffered I/O goes by whole pages, and by one at least: fuse_readahead(), fuse_perform_write()
// (fs/fuse/file.c).
std::uint64_t whole_pages(std::uint64_t bytes, std::uint64_t page_bytes) {
  return std::max(bytes / page_bytes, std::uint64_t{1}) * page_bytes;
}

// All that bounds a request, in the order of precedence among equals.
std::vector<Bound> bounds_of(const MountSnapshot& mount, fusescope_op op, fusescope_mode mode,
                             const HostLimits& host) {
  const fusescope_limits& limits = *mount.limits;
  const bool is_read = op == FUSESCOPE_READ;
  const std::uint64_t cap = is_read ? limits.max_read : limits.max_write;
  std::vector<Bound> bounds = {{Limit::max_pages, limits.max_pages * host.page_bytes},
                               {is_read ? Limit::max_read : Limit::max_write, cap}};
  if (mode == FUSESCOPE_DIRECT) return bounds;
  bounds[1].bytes = whole_pages(cap, host.page_bytes);
  if (is_read && mount.readahead_bytes && *mount.readahead_bytes) {
    bounds.push_back({Limit::readahead, whole_pages(*mount.readahead_bytes, host.page_bytes)});
  }
  if (!is_read && !limits.big_writes) bounds.push_back({Limit::no_big_writes, host.page_bytes});
  return bounds;
}

}  // namespace

std::string guess_of(const HostLimits& host) {
  if (host.unreadable.empty()) return "";
  return host.unreadable + ": " + std::to_string(host.most_pages()) +
         " pages are taken for the largest request of this host";
}

const char* name_of(Limit limit) {
  switch (limit) {
    case Limit::max_pages: return "max_pages";
    case Limit::max_read: return "max_read";
    case Limit::max_write: return "max_write";
    case Limit::no_big_writes: return "no_big_writes";
    case Limit::readahead: return "readahead";
  }
  return "";
}

std::optional<Binding> binding_of(const MountSnapshot& mount, fusescope_op op, fusescope_mode mode,
                                  const HostLimits& host) {
  if (!mount.limits || !mount.limits->initialized) return std::nullopt;
  auto bounds = bounds_of(mount, op, mode, host);
  std::ranges::stable_sort(bounds, {}, &Bound::bytes);
  return Binding{.limit = bounds[0].limit,
                 .bytes = bounds[0].bytes,
                 .next = bounds[1].limit,
                 .next_bytes = bounds[1].bytes};
}

bool is_hosts_maximum(fusescope_cause cause, const MountSnapshot& mount, const HostLimits& host) {
  if (!mount.limits) return false;
  switch (cause) {
    case FUSESCOPE_CAUSE_MAX_PAGES: return mount.limits->max_pages >= host.most_pages();
    case FUSESCOPE_CAUSE_MAX_READ: return mount.limits->max_read >= host.most_bytes();
    case FUSESCOPE_CAUSE_MAX_WRITE: return mount.limits->max_write >= host.most_bytes();
    default: return false;
  }
}

}  // namespace fusescope
