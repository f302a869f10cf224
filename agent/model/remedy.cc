// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/remedy_table.h"

namespace fusescope {
namespace {

// The range of fs.fuse.max_pages_limit: fuse_sysctl_table, fs/fuse/sysctl.c.
constexpr std::uint64_t kMostPagesOfAny = 65535;
constexpr std::uint64_t kLargestQueue = 1024;  // VIRTQUEUE_MAX_SIZE of QEMU
constexpr std::uint64_t kQueueOverhead = 4;    // FUSE_HEADER_OVERHEAD, fs/fuse/virtio_fs.c

// libfuse before 3.17 has buffers for 256 pages: FUSE_MAX_MAX_PAGES of its lib/fuse_lowlevel.c.
constexpr std::uint64_t kPagesOfAnyLibfuse = 256;

fusescope_cause cause_of(Limit limit) {
  switch (limit) {
    case Limit::max_pages: return FUSESCOPE_CAUSE_MAX_PAGES;
    case Limit::max_read: return FUSESCOPE_CAUSE_MAX_READ;
    case Limit::max_write: return FUSESCOPE_CAUSE_MAX_WRITE;
    case Limit::no_big_writes: return FUSESCOPE_CAUSE_NO_BIG_WRITES;
    case Limit::readahead: return FUSESCOPE_CAUSE_READAHEAD_WINDOW;
  }
  return FUSESCOPE_CAUSE_UNKNOWN;
}

// Whether a cause is about a value that the connection's INIT settles.
bool is_negotiated(fusescope_cause cause) {
  return cause == FUSESCOPE_CAUSE_MAX_PAGES || cause == FUSESCOPE_CAUSE_MAX_READ ||
         cause == FUSESCOPE_CAUSE_MAX_WRITE || cause == FUSESCOPE_CAUSE_NO_BIG_WRITES;
}

struct Value {
  std::string_view placeholder;
  std::string text;
};

std::string device_name(std::uint32_t device) {
  return std::to_string(device >> 20) + ":" + std::to_string(device & ((1U << 20) - 1));
}

// A window is of use up to what one request carries, in whole pages.
std::uint64_t useful_bytes(fusescope_cause cause, fusescope_op op, const MountSnapshot& mount,
                           const HostLimits& host) {
  if (cause != FUSESCOPE_CAUSE_READAHEAD_WINDOW) return host.most_bytes();
  const auto binding = binding_of(mount, op, FUSESCOPE_DIRECT, host);
  const std::uint64_t bytes = std::min(binding ? binding->bytes : UINT64_MAX, host.most_bytes());
  return std::max(bytes / host.page_bytes, std::uint64_t{1}) * host.page_bytes;
}

std::uint64_t queue_for(std::uint64_t pages) {
  return std::min(std::bit_ceil(pages + kQueueOverhead), kLargestQueue);
}

std::string filled(std::string_view advice, std::uint64_t bytes, const MountSnapshot& mount,
                   const HostLimits& host) {
  const std::uint64_t pages = bytes / host.page_bytes;
  const bool is_queue = advice.contains("{queue}");
  const std::array values = {
      Value{"{pages}",
            std::to_string(is_queue ? std::min(pages, kLargestQueue - kQueueOverhead) : pages)},
      Value{"{bytes}", std::to_string(bytes)},
      Value{"{kib}", std::to_string(bytes / 1024)},
      Value{"{queue}", std::to_string(queue_for(pages))},
      Value{"{device}", device_name(mount.identity.device)},
  };
  std::string text(advice);
  for (const Value& value : values) {
    for (auto at = text.find(value.placeholder); at != std::string::npos;
         at = text.find(value.placeholder)) {
      text.replace(at, value.placeholder.size(), value.text);
    }
  }
  return text;
}

// The value that the cause is about, as it is now; empty where there is none or it is not known.
std::string present_value(fusescope_cause cause, const MountSnapshot& mount) {
  if (cause == FUSESCOPE_CAUSE_READAHEAD_WINDOW) {
    if (!mount.readahead_bytes) return "";
    return "read_ahead_kb is " + std::to_string(*mount.readahead_bytes / 1024);
  }
  if (!mount.limits) return is_negotiated(cause) ? "its present limits are not known" : "";
  const fusescope_limits& limits = *mount.limits;
  switch (cause) {
    case FUSESCOPE_CAUSE_PAGE_SLOTS:
    case FUSESCOPE_CAUSE_MAX_PAGES: return "max_pages is " + std::to_string(limits.max_pages);
    case FUSESCOPE_CAUSE_MAX_READ: return "max_read is " + std::to_string(limits.max_read);
    case FUSESCOPE_CAUSE_MAX_WRITE: return "max_write is " + std::to_string(limits.max_write);
    case FUSESCOPE_CAUSE_NO_BIG_WRITES: return "big_writes is off";
    case FUSESCOPE_CAUSE_UNKNOWN:
      return "max_pages is " + std::to_string(limits.max_pages) + ", max_read " +
             std::to_string(limits.max_read) + ", max_write " + std::to_string(limits.max_write);
    default: return "";
  }
}

bool has_largest_queue(const RemedyRow& row, const MountSnapshot& mount) {
  return row.advice.contains("{queue}") && mount.limits &&
         mount.limits->max_pages >= kLargestQueue - kQueueOverhead;
}

// What the daemon is to be told, with values for requests of `bytes`.
std::string daemon_advice(const RemedyRow& row, std::uint64_t bytes, const MountSnapshot& mount,
                          const HostLimits& host) {
  if (row.cause == FUSESCOPE_CAUSE_READAHEAD_WINDOW && mount.readahead_bytes.value_or(0) >= bytes) {
    return "a larger window is of no use, one request carries " + std::to_string(bytes) +
           " bytes: use direct I/O, or raise what it carries";
  }
  if (has_largest_queue(row, mount)) {
    return "QEMU has no queue of more than " + std::to_string(kLargestQueue) +
           " entries: larger calls are split";
  }
  std::string text = filled(row.advice, bytes, mount, host);
  if (bytes > kPagesOfAnyLibfuse * host.page_bytes && row.advice.contains("libfuse")) {
    text += " (more than 256 pages need libfuse 3.17)";
  }
  return text;
}

// What has to be raised on the host before a connection can have more, and then on the daemon: all
// for nothing if that has no value to set.
std::string host_advice(const RemedyRow& row, const MountSnapshot& mount, const HostLimits& host) {
  if (!host.max_pages_limit) {
    return "this kernel allows no more (" + std::to_string(host.most_pages()) + " pages, " +
           std::to_string(host.most_bytes()) +
           " bytes): larger calls are split here, Linux 6.13 and later can be set to more";
  }
  const std::uint64_t more = std::min(4 * host.most_pages(), kMostPagesOfAny);
  if (more <= host.most_pages()) return "no kernel allows more: larger calls are split";
  const HostLimits raised = {.page_bytes = host.page_bytes, .max_pages_limit = more};
  const std::string advice = daemon_advice(row, raised.most_bytes(), mount, raised);
  if (advice == row.advice || has_largest_queue(row, mount)) return advice;
  return "the host allows no more: sysctl fs.fuse.max_pages_limit=" + std::to_string(more) +
         " (now " + std::to_string(host.most_pages()) + "), then " + advice;
}

// The limit that stops requests below `bytes` once the one that the cause is about is raised.
std::string next_limit(fusescope_cause cause, const std::optional<Binding>& binding,
                       std::uint64_t bytes) {
  const bool is_about_it = binding && cause == cause_of(binding->limit);
  if (!is_about_it || binding->next_bytes >= bytes) return "";
  return std::string("; ") + name_of(binding->next) + " would be next, at " +
         std::to_string(binding->next_bytes) + " bytes";
}

// Unaligned buffers also fit where there are more slots, if there can be more.
std::string more_slots(const MountSnapshot& mount, const HostLimits& host) {
  if (!mount.limits || mount.limits->max_pages >= host.most_pages()) return "";
  return ", or raise max_pages to " + std::to_string(host.most_pages());
}

}  // namespace

std::string remedy_for(fusescope_cause cause, fusescope_op op, fusescope_mode mode,
                       const MountSnapshot& mount, const HostLimits& host) {
  const RemedyRow* row = find_remedy(cause, daemon_of(mount.identity));
  if (!row) return "";
  std::string text =
      to_label(mount.identity.mountpoint) + ", " + name_of(mode) + " " + name_of(op) + "s: ";
  const std::string present = present_value(cause, mount);
  if (!present.empty()) text += present + ": ";
  if (is_hosts_maximum(cause, mount, host)) return text + host_advice(*row, mount, host);
  const std::uint64_t bytes = useful_bytes(cause, op, mount, host);
  const std::string advice = daemon_advice(*row, bytes, mount, host);
  text += advice;
  if (cause == FUSESCOPE_CAUSE_PAGE_SLOTS) text += more_slots(mount, host);
  if (advice == row->advice) return text;  // no value to set: nothing comes next
  return text + next_limit(cause, binding_of(mount, op, mode, host), bytes);
}

}  // namespace fusescope
