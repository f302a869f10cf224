// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/base/capability_state.h"
#include "agent/cmd/system_calls.h"

namespace fusescope {
namespace {

using Values = std::vector<cap_value_t>;

// Of the hooks, and to give the privileges up afterwards.
constexpr std::array kToAttach = {CAP_BPF,          CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_RESOURCE,
                                  CAP_DAC_OVERRIDE, CAP_SETUID,  CAP_SETGID};

bool is_permitted(cap_value_t capability) {
  const CapabilityState now(cap_get_proc());
  cap_flag_value_t value = CAP_CLEAR;
  return now && cap_get_flag(now.get(), capability, CAP_PERMITTED, &value) == 0 && value == CAP_SET;
}

// Those of them that the process has become all that it has.
Result<void> keep_capabilities(const Values& wanted) {
  const CapabilityState keep(cap_init());
  if (!keep) return std::unexpected(errno_error("drop capabilities", errno));
  for (const cap_value_t value : wanted) {
    if (!is_permitted(value)) continue;
    cap_set_flag(keep.get(), CAP_PERMITTED, 1, &value, CAP_SET);
    cap_set_flag(keep.get(), CAP_EFFECTIVE, 1, &value, CAP_SET);
  }
  if (cap_set_proc(keep.get()) != 0) {
    return std::unexpected(errno_error("drop capabilities", errno));
  }
  return {};
}

Result<void> forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return std::unexpected(errno_error("set no_new_privs", errno));
  }
  return {};
}

struct User {
  uid_t user = 65534;  // nobody
  gid_t group = 65534;
};

// Not getpwnam(3), which may load libraries and ask servers.
User unprivileged_user() {
  const std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })> users(
      std::fopen("/etc/passwd", "re"));
  while (const passwd* each = users ? fgetpwent(users.get()) : nullptr) {
    const bool is_own = std::string_view(each->pw_name) == "fusescope";
    if (is_own && each->pw_uid != 0) return {.user = each->pw_uid, .group = each->pw_gid};
  }
  return {};
}

bool is_root() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  return getresuid(&real, &effective, &saved) != 0 || !real || !effective || !saved;
}

// Of this thread alone, as the functions of glibc are not; capabilities stay permitted.
Result<void> become_unprivileged() {
  const User other = unprivileged_user();
  const std::string what = "become user " + std::to_string(other.user);
  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
  if (syscall(SYS_setgroups, 0, nullptr) != 0 ||
      syscall(SYS_setresgid, other.group, other.group, other.group) != 0 ||
      syscall(SYS_setresuid, other.user, other.user, other.user) != 0) {
    return std::unexpected(errno_error(what, errno, "run it with CAP_SETUID and CAP_SETGID"));
  }
  return {};
}

// A user's files are those of its file system id, which needs no other right of root's.
Result<void> keep_files_of_root() {
  if (auto kept = keep_capabilities({CAP_SETUID, CAP_SYS_PTRACE}); !kept) return kept;
  syscall(SYS_setfsuid, 0);  // tells nothing of an error
  return {};
}

Values values_of(Kept kept) {
  Values values;
  if (kept.cap_sys_ptrace) values.push_back(CAP_SYS_PTRACE);
  if (kept.cap_bpf) values.push_back(CAP_BPF);
  return values;
}

}  // namespace

Result<Remaining> drop_rights(Kept kept) {
  Remaining remaining;
  if (is_root()) {
    if (auto become = become_unprivileged(); !become) {
      remaining.user = become.error().text;
    } else if (kept.roots_files) {
      if (auto files = keep_files_of_root(); !files) return std::unexpected(files.error());
    }
  }
  if (auto dropped = keep_capabilities(values_of(kept)); !dropped) {
    return std::unexpected(dropped.error());
  }
  if (auto forbidden = forbid_new_privileges(); !forbidden) {
    return std::unexpected(forbidden.error());
  }
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  return remaining;
}

Result<Remaining> drop_privileges(Kept kept) {
  auto remaining = drop_rights(kept);
  if (!remaining) return remaining;
  if (auto limited = limit_system_calls(SystemCalls::of_server); !limited) {
    remaining->system_calls = limited.error().text;
  }
  return remaining;
}

Result<Remaining> keep_privileges_to_attach() {
  if (auto kept = keep_capabilities({kToAttach.begin(), kToAttach.end()}); !kept) {
    return std::unexpected(kept.error());
  }
  if (auto forbidden = forbid_new_privileges(); !forbidden) {
    return std::unexpected(forbidden.error());
  }
  Remaining remaining;
  if (auto limited = limit_system_calls(SystemCalls::of_attaching); !limited) {
    remaining.system_calls = limited.error().text;
  }
  return remaining;
}

Result<void> run_without_privileges(Kept kept, const std::function<Result<void>()>& action) {
  Result<void> result;
  std::thread thread([&] {
    auto dropped = drop_privileges(kept);
    result = dropped ? action() : std::unexpected(dropped.error());
  });
  thread.join();
  return result;
}

}  // namespace fusescope
