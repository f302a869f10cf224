// SPDX-License-Identifier: Apache-2.0
#include "agent/model/remedy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "agent/model/bdi_name.h"
#include "agent/model/daemon.h"
#include "agent/model/label_text.h"
#include "agent/model/names.h"
#include "agent/model/remedy_table.h"
#include "agent/model/stats.h"

namespace fusescope {
namespace {

// The range of fs.fuse.max_pages_limit: fuse_sysctl_table, fs/fuse/sysctl.c.
constexpr std::uint64_t kMostPagesOfAny = 65535;
constexpr std::uint64_t kLargestQueue = 1024;  // VIRTQUEUE_MAX_SIZE of QEMU
constexpr std::uint64_t kQueueOverhead = 4;    // FUSE_HEADER_OVERHEAD, fs/fuse/virtio_fs.c

// What davfs2's buffer holds besides: 4 KiB, and 63 bytes of a write. buf_size 136 was seen to give
// max_read 135168 and max_write 135105.
constexpr std::uint64_t kBufferOverheadKib = 8;

// libfuse before 3.17 has buffers for 256 pages: FUSE_MAX_MAX_PAGES of its lib/fuse_lowlevel.c.
constexpr std::uint64_t kPagesOfAnyLibfuse = 256;

// The split that is to be remedied, and where.
struct Subject {
  fusescope_cause cause;
  fusescope_op op;
  fusescope_mode mode;
  const MountSnapshot& mount;
  HostLimits host;
  std::string daemon;
};

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

// Whether a cause is about the size of requests that the connection's INIT settles.
bool is_size(fusescope_cause cause) {
  return cause == FUSESCOPE_CAUSE_MAX_PAGES || cause == FUSESCOPE_CAUSE_MAX_READ ||
         cause == FUSESCOPE_CAUSE_MAX_WRITE;
}

Subject with_cause(const Subject& subject, fusescope_cause cause) {
  Subject other = subject;
  other.cause = cause;
  return other;
}

// The bytes of a request that the limit of such a cause allows. UINT64_MAX: not known.
std::uint64_t allowed_by(fusescope_cause cause, const Subject& subject) {
  if (!subject.mount.limits || !subject.mount.limits->initialized) return UINT64_MAX;
  const fusescope_limits& limits = *subject.mount.limits;
  switch (cause) {
    case FUSESCOPE_CAUSE_MAX_PAGES: return limits.max_pages * subject.host.page_bytes;
    case FUSESCOPE_CAUSE_MAX_READ: return limits.max_read;
    case FUSESCOPE_CAUSE_MAX_WRITE: return limits.max_write;
    default: return UINT64_MAX;
  }
}

// What stops larger requests for good: a limit, but the one that the cause is about, which the
// daemon cannot be told to raise. No row: there is none.
struct Ceiling {
  std::uint64_t bytes = UINT64_MAX;
  const RemedyRow* row = nullptr;
};

Ceiling ceiling_of(const Subject& subject) {
  Ceiling ceiling;
  const auto cap =
      subject.op == FUSESCOPE_READ ? FUSESCOPE_CAUSE_MAX_READ : FUSESCOPE_CAUSE_MAX_WRITE;
  for (const fusescope_cause cause : {FUSESCOPE_CAUSE_MAX_PAGES, cap}) {
    const RemedyRow* row = find_remedy(cause, subject.daemon);
    const std::uint64_t bytes = allowed_by(cause, subject);
    if (cause == subject.cause || row->way == Way::open || bytes >= ceiling.bytes) continue;
    ceiling = {.bytes = bytes, .row = row};
  }
  return ceiling;
}

struct Value {
  std::string_view placeholder;
  std::string text;
};

std::uint64_t queue_for(std::uint64_t pages) {
  return std::min(std::bit_ceil(pages + kQueueOverhead), kLargestQueue);
}

std::string filled(std::string_view advice, std::uint64_t bytes, const Subject& subject) {
  const std::uint64_t pages = bytes / subject.host.page_bytes;
  const std::uint32_t device = subject.mount.identity.device;
  const bool is_queue = advice.contains("{queue}");
  const std::array values = {
      Value{"{pages}",
            std::to_string(is_queue ? std::min(pages, kLargestQueue - kQueueOverhead) : pages)},
      Value{"{bytes}", std::to_string(bytes)},
      Value{"{kib}", std::to_string(bytes / 1024)},
      Value{"{buffer}", std::to_string(bytes / 1024 + kBufferOverheadKib)},
      Value{"{queue}", std::to_string(queue_for(pages))},
      Value{"{device}", device ? bdi_name(device) : "MAJOR:MINOR"},
      Value{"{page}", std::to_string(subject.host.page_bytes)},
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

// The value that the cause is about, as it is now; empty where there is none.
std::string present_value(fusescope_cause cause, const MountSnapshot& mount) {
  if (cause == FUSESCOPE_CAUSE_READAHEAD_WINDOW) {
    if (!mount.readahead_bytes) return "its present read_ahead_kb is not known";
    return "read_ahead_kb is " + std::to_string(*mount.readahead_bytes / 1024);
  }
  if (!mount.limits) {
    const bool is_limit = is_size(cause) || cause == FUSESCOPE_CAUSE_NO_BIG_WRITES;
    return is_limit ? "its present limits are not known" : "";
  }
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
std::string daemon_advice(const RemedyRow& row, std::uint64_t bytes, const Subject& subject) {
  if (has_largest_queue(row, subject.mount)) {
    return "QEMU has no queue of more than " + std::to_string(kLargestQueue) +
           " entries: larger calls are split";
  }
  std::string text = filled(row.advice, bytes, subject);
  if (bytes > kPagesOfAnyLibfuse * subject.host.page_bytes) {
    text += filled(row.beyond, bytes, subject);
  }
  return text;
}

// What has to be raised on the host before a connection can have more, and then on the daemon.
std::string host_advice(const RemedyRow& row, const Ceiling& ceiling, const Subject& subject) {
  const HostLimits& host = subject.host;
  if (!host.max_pages_limit) {
    return "this kernel allows no more (" + std::to_string(host.most_pages()) + " pages, " +
           std::to_string(host.most_bytes()) +
           " bytes): larger calls are split here, Linux 6.13 and later can be set to more";
  }
  const std::uint64_t present = allowed_by(subject.cause, subject) / host.page_bytes;
  const std::uint64_t more = std::min(4 * std::max(host.most_pages(), present), kMostPagesOfAny);
  if (more <= std::max(host.most_pages(), present)) {
    return "no kernel allows more: larger calls are split";
  }
  const HostLimits raised = {.page_bytes = host.page_bytes, .max_pages_limit = more};
  std::string advice = daemon_advice(row, std::min(raised.most_bytes(), ceiling.bytes), subject);
  if (has_largest_queue(row, subject.mount)) return advice;
  return "the host allows no more: sysctl fs.fuse.max_pages_limit=" + std::to_string(more) +
         " (now " + std::to_string(host.most_pages()) + "), then " + advice;
}

// libfuse derives max_pages from max_write, and options may set several limits at once.
bool lifts(const RemedyRow& row, Limit limit, const std::string& daemon) {
  if (limit == Limit::max_write && row.advice.contains("max_write={bytes}")) return true;
  return find_remedy(cause_of(limit), daemon)->advice == row.advice;
}

// The limit that stops requests below `bytes` once the one that the cause is about is raised.
std::string next_limit(const RemedyRow& row, std::uint64_t bytes, const Subject& subject) {
  const auto binding = binding_of(subject.mount, subject.op, subject.mode, subject.host);
  const bool is_about_it = binding && subject.cause == cause_of(binding->limit);
  if (!is_about_it || binding->next_bytes >= bytes) return "";
  if (lifts(row, binding->next, subject.daemon)) return "";
  return std::string("; ") + name_of(binding->next) + " would be next, at " +
         std::to_string(binding->next_bytes) + " bytes";
}

// Of a limit on the size of requests.
std::string size_advice(const Subject& subject) {
  const RemedyRow& row = *find_remedy(subject.cause, subject.daemon);
  if (row.way == Way::closed) return std::string(row.advice);
  const Ceiling ceiling = ceiling_of(subject);
  const std::uint64_t page_bytes = subject.host.page_bytes;
  const std::uint64_t most = std::min(subject.host.most_bytes(), ceiling.bytes);
  const std::uint64_t present = allowed_by(subject.cause, subject);
  const bool is_known = present != UINT64_MAX;
  if (is_known && ceiling.bytes / page_bytes <= present / page_bytes) {
    return std::string(ceiling.row->advice);
  }
  if (is_hosts_maximum(subject.cause, subject.mount, subject.host)) {
    return host_advice(row, ceiling, subject);
  }
  return daemon_advice(row, most, subject) + next_limit(row, most, subject);
}

// Unaligned buffers also fit where there are more slots, if there can be more.
std::string slots_advice(const Subject& subject) {
  const fusescope_io_stats& io = subject.mount.counters.data.ops[subject.op].io[subject.mode];
  std::string text =
      filled(find_remedy(subject.cause, subject.daemon)->advice, subject.host.page_bytes, subject);
  if (const std::uint64_t segments = segments_of(io);
      segments && io.bytes / segments < subject.host.page_bytes) {
    text += " (these have " + std::to_string(io.bytes / segments) + " bytes on average)";
  }
  const Subject pages = with_cause(subject, FUSESCOPE_CAUSE_MAX_PAGES);
  const RemedyRow& row = *find_remedy(pages.cause, pages.daemon);
  const bool can_have_more = row.way == Way::open && subject.mount.limits &&
                             !has_largest_queue(row, subject.mount) &&
                             ceiling_of(pages).bytes > allowed_by(pages.cause, pages) &&
                             !is_hosts_maximum(pages.cause, pages.mount, pages.host);
  return can_have_more ? text + ", or have more slots: " + size_advice(pages) : text;
}

// A window is of use up to what one request carries, in whole pages.
std::string readahead_advice(const Subject& subject) {
  const HostLimits& host = subject.host;
  const auto binding = binding_of(subject.mount, subject.op, FUSESCOPE_DIRECT, host);
  const std::uint64_t most = std::min(binding ? binding->bytes : UINT64_MAX, host.most_bytes());
  const std::uint64_t useful = std::max(most / host.page_bytes, std::uint64_t{1}) * host.page_bytes;
  if (subject.mount.readahead_bytes.value_or(0) < useful) {
    return filled(find_remedy(subject.cause, subject.daemon)->advice, useful, subject);
  }
  const std::string text =
      "a larger window is of no use, one request carries " + std::to_string(useful) + " bytes";
  if (!binding) return text + " at most on this host: larger calls are split";
  const Subject limit = with_cause(subject, cause_of(binding->limit));
  return text + " (" + present_value(limit.cause, limit.mount) + "): " + size_advice(limit);
}

// A request of many pages is as large as the other limits allow.
std::string big_writes_advice(const Subject& subject) {
  const std::uint64_t page_bytes = subject.host.page_bytes;
  const std::uint64_t bytes =
      std::min({subject.host.most_bytes(), allowed_by(FUSESCOPE_CAUSE_MAX_PAGES, subject),
                allowed_by(FUSESCOPE_CAUSE_MAX_WRITE, subject)});
  return filled(find_remedy(subject.cause, subject.daemon)->advice,
                std::max(bytes / page_bytes, std::uint64_t{1}) * page_bytes, subject);
}

std::string advice_for(const Subject& subject) {
  if (is_size(subject.cause)) return size_advice(subject);
  switch (subject.cause) {
    case FUSESCOPE_CAUSE_PAGE_SLOTS: return slots_advice(subject);
    case FUSESCOPE_CAUSE_READAHEAD_WINDOW: return readahead_advice(subject);
    case FUSESCOPE_CAUSE_NO_BIG_WRITES: return big_writes_advice(subject);
    default:
      return filled(find_remedy(subject.cause, subject.daemon)->advice, subject.host.page_bytes,
                    subject);
  }
}

}  // namespace

std::string remedy_for(fusescope_cause cause, fusescope_op op, fusescope_mode mode,
                       const MountSnapshot& mount, const HostLimits& host) {
  const std::string daemon = daemon_of(mount);
  if (!find_remedy(cause, daemon)) return "";
  const std::string present = present_value(cause, mount);
  return to_label(mount.identity.mountpoint) + ", " + name_of(mode) + " " + name_of(op) +
         "s: " + present + (present.empty() ? "" : ": ") +
         advice_for({.cause = cause,
                     .op = op,
                     .mode = mode,
                     .mount = mount,
                     .host = host,
                     .daemon = daemon});
}

}  // namespace fusescope
