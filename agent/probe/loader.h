// SPDX-License-Identifier: Apache-2.0
// Loading and attaching BPF programs: the object, opened for the programs that are wanted, and what
// this kernel says to them.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/probe/hooks.h"

struct fusescope_bpf;
struct bpf_link;

namespace fusescope {

constexpr const char* kKernelBtf = "/sys/kernel/btf/vmlinux";

// The program that tries whether a thread can be given storage: run by has_task_storage().
constexpr std::string_view kStorageCheck = "check_task_storage";

struct SkeletonDeleter {
  void operator()(fusescope_bpf* skeleton) const;
};
using Skeleton = std::unique_ptr<fusescope_bpf, SkeletonDeleter>;

struct LinkDeleter {
  std::string event = {};                 // of tracefs, that was made for this link; else empty
  std::shared_ptr<UniqueFd> events = {};  // where it is removed, also without the right to open it
  void operator()(bpf_link* link) const;
};
using Link = std::unique_ptr<bpf_link, LinkDeleter>;

// What the kernel side tells of: bpf/count/trace.bpf.h. Zero and empty: no such filter.
struct TraceKnobs {
  bool requests = false;          // of requests, not of calls
  bool split_only = false;        // of calls of several requests
  std::uint32_t device = 0;       // major << 20 | minor
  std::uint32_t process = 0;      // of the host
  std::uint32_t own_process = 0;  // whose own I/O is left out
  std::string comm;               // at most 15 bytes
  std::uint64_t opcodes = 0;      // a bit for each
  std::uint64_t slower_ns = 0;    // of what took longer than this
  std::uint32_t ring_bytes = 0;   // a power of two, and of pages
};

// What the programs are told before they are loaded: constants, so that what is not used is not
// even verified; but for host_request_bytes, which Session can change.
struct Knobs {
  bool calls_are_hooked = false;
  bool calls_by_thread_id = false;                 // for programs without typed pointers
  bool blocked_is_hooked = false;                  // the role "blocked" is filled
  bool follows_processes = false;                  // counts the processes of Followed only
  bool counts_processes = false;                   // counts by process as well
  std::optional<TraceKnobs> trace = std::nullopt;  // tells of each call or request
  // Of the largest request that a connection of this host can negotiate.
  std::uint64_t host_request_bytes = 1 << 20;
  bool is_dry_run = false;  // maps of one entry: only to see whether programs are accepted
};

// What this kernel refuses: the reason by program, or by an empty name where it was none of them.
using Refusals = std::map<std::string, std::string, std::less<>>;

// Loads the given programs and no others: all of them, or none, and then names the first that was
// refused. Needs CAP_BPF and CAP_PERFMON.
std::expected<Skeleton, Refusals> load(const std::vector<std::string>& programs,
                                       const Knobs& knobs);

// Attaches a loaded program to what its section names.
Result<Link> attach(const Skeleton& skeleton, const std::string& name);

// Whether threads can be given storage here, tried on this thread: kStorageCheck is loaded.
bool has_task_storage(const Skeleton& skeleton);

}  // namespace fusescope
