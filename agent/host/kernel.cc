// SPDX-License-Identifier: Apache-2.0
#include "agent/host/kernel.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "agent/base/tracefs.h"
#include "agent/host/fuse_module.h"
#include "agent/host/host_limits.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

// With the privileges that opening the file would be tried with. Else errno says why not.
bool allows(const std::string& path, int access) {
  return faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) == 0;
}

bool exists(const std::string& path) { return allows(path, F_OK); }

// "none [integrity] confidentiality": the one that holds, here with OPEN '[' and CLOSE ']'.
std::optional<std::string> marked_word(const std::string& path, char open, char close) {
  const auto line = procfs_line(path);
  if (!line) return std::nullopt;
  const auto begin = line->find(open);
  const auto end = line->find(close, begin);
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  return line->substr(begin + 1, end - begin - 1);
}

FuseDriver fuse_driver(const std::string& root) {
  const FuseModule fuse = fuse_module(root);
  if (!fuse.present) return FuseDriver::not_loaded;
  return fuse.loadable ? FuseDriver::module : FuseDriver::built_in;
}

FuseTypes fuse_types(const std::string& root, const KernelFacts& kernel) {
  if (exists(root + "/sys/kernel/btf/fuse")) return FuseTypes::of_module;
  const bool in_kernel = kernel.has_types && kernel.fuse == FuseDriver::built_in;
  return in_kernel ? FuseTypes::of_kernel : FuseTypes::none;
}

KprobeEvents kprobe_events(const std::string& root) {
  for (const char* directory : kTracefsDirectories) {
    const std::string tracefs = root + directory;
    if (allows(tracefs + "/kprobe_events", W_OK)) return KprobeEvents::writable;
    if (errno != ENOENT) return KprobeEvents::not_writable;
    if (exists(tracefs + "/events")) return KprobeEvents::not_built_in;
  }
  return exists(root + kKprobePmu) ? KprobeEvents::no_tracefs : KprobeEvents::not_built_in;
}

// The first one maps all numbers to themselves; a file that is not there is that of a kernel
// without user namespaces.
bool is_host_user_namespace(const std::string& root) {
  const auto line = procfs_line(root + "/proc/self/uid_map");
  if (!line) return true;
  std::istringstream fields(*line);
  std::uint64_t inside = 1;
  std::uint64_t outside = 1;
  std::uint64_t count = 0;
  fields >> inside >> outside >> count;
  return inside == 0 && outside == 0 && count == 0xffffffff;
}

}  // namespace

KernelFacts read_kernel(const std::string& root) {
  const std::string settings = root + "/proc/sys";
  KernelFacts kernel;
  kernel.release = procfs_line(settings + "/kernel/osrelease").value_or("");
  kernel.version = procfs_line(settings + "/kernel/version").value_or("");
  kernel.preemption_mode = marked_word(root + "/sys/kernel/debug/sched/preempt", '(', ')');
  kernel.has_types = allows(root + "/sys/kernel/btf/vmlinux", R_OK);
  kernel.fuse = fuse_driver(root);
  kernel.fuse_types = fuse_types(root, kernel);
  kernel.lockdown = marked_word(root + "/sys/kernel/security/lockdown", '[', ']');
  kernel.kprobe_events = kprobe_events(root);
  kernel.perf_event_paranoid = procfs_number(settings + "/kernel/perf_event_paranoid");
  kernel.unprivileged_bpf_disabled = procfs_number(settings + "/kernel/unprivileged_bpf_disabled");
  kernel.bpf_stats_enabled = procfs_number(settings + "/kernel/bpf_stats_enabled");
  const HostLimits host = read_host_limits(root);
  kernel.max_pages_limit = host.max_pages_limit;
  kernel.max_pages_guess = guess_of(host);
  kernel.is_host_user_namespace = is_host_user_namespace(root);
  return kernel;
}

}  // namespace fusescope
