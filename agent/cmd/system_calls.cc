// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/system_calls.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

namespace fusescope {
namespace {

#if defined(__has_feature)
constexpr bool kHasSanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

using Filter = std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>,
                               decltype([](scmp_filter_ctx filter) { seccomp_release(filter); })>;

// Names that this architecture has not got are left out by libseccomp.
constexpr std::array kCommon = {
    // what is open
    "close", "fcntl", "fstat", "lseek", "pread64", "read", "readv", "write", "writev",
    // names
    "access", "faccessat", "faccessat2", "getcwd", "getdents64", "lstat", "newfstatat", "readlink",
    "readlinkat", "stat", "statx",
    // memory; mmap and mprotect below
    "brk", "madvise", "mremap", "munmap",
    // threads and signals
    "exit", "exit_group", "futex", "get_robust_list", "getcpu", "membarrier", "restart_syscall",
    "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
    "sched_getaffinity", "sched_yield", "set_robust_list", "sigaltstack",
    // who and when
    "capget", "clock_getres", "clock_gettime", "clock_nanosleep", "getegid", "geteuid", "getgid",
    "getpid", "getppid", "getrandom", "getresgid", "getresuid", "getrusage", "gettid",
    "gettimeofday", "getuid", "nanosleep", "sysinfo", "time", "times", "uname",
    // waiting, and the socket to the broker
    "poll", "ppoll", "recvmsg", "sendmsg"};

constexpr std::array kServer = {
    "accept",     "accept4",  "epoll_create", "epoll_create1", "epoll_ctl",   "epoll_pwait",
    "epoll_wait", "eventfd2", "getpeername",  "getrlimit",     "getsockname", "getsockopt",
    "pipe2",      "pselect6", "recvfrom",     "select",        "sendfile",    "sendto",
    "setsockopt", "shutdown", "signalfd4",    "wait4"};

// Only with these values of an argument, where it is looked at through a mask.
struct Conditional {
  const char* call;
  unsigned argument;
  std::uint64_t mask;
  std::uint64_t value;
};
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kInt = 0xffffffff;  // an int may have anything in its upper half
constexpr std::uint64_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC;

constexpr std::array kReadOnly = {Conditional{"open", 1, kWrites, O_RDONLY},
                                  Conditional{"openat", 2, kWrites, O_RDONLY}};

constexpr std::array kCommonConditionals = {
    Conditional{"mmap", 2, PROT_EXEC, 0},
    Conditional{"mprotect", 2, PROT_EXEC, 0},
    Conditional{"kill", 1, kInt, 0},  // whether a thread is there
    Conditional{"prctl", 0, kInt, PR_SET_NAME},
};

constexpr std::array kServerConditionals = {
    // Threads, but no processes. clone3(2) has its flags in memory.
    Conditional{"clone", 0, CLONE_THREAD, CLONE_THREAD},
    Conditional{"prlimit64", 2, kAll, 0},  // reads
    Conditional{"ioctl", 1, kInt, FIONBIO},
    Conditional{"ioctl", 1, kInt, FIONREAD},
    Conditional{"ioctl", 1, kInt, TCGETS},
    Conditional{"ioctl", 1, kInt, PERF_EVENT_IOC_DISABLE},
    // Nothing but what is loaded already.
    Conditional{"bpf", 0, kInt, BPF_ITER_CREATE},
    Conditional{"bpf", 0, kInt, BPF_PROG_TEST_RUN},
    Conditional{"bpf", 0, kInt, BPF_OBJ_GET_INFO_BY_FD},
};

constexpr std::array kAttaching = {
    "bpf",       "capset",  "ioctl",     "open",      "openat",    "perf_event_open", "prctl",
    "prlimit64", "seccomp", "setgroups", "setresgid", "setresuid", "setrlimit"};

// The first error is kept.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void allow(std::span<const char* const> calls) {
    for (const char* call : calls) add(call, {});
  }

  void allow(std::span<const Conditional> calls) {
    for (const Conditional& each : calls) {
      const scmp_arg_cmp only = {each.argument, SCMP_CMP_MASKED_EQ, each.mask, each.value};
      add(each.call, {&only, 1});
    }
  }

  // To itself: abort(3).
  void allow_own_signals() {
    const scmp_arg_cmp only = {0, SCMP_CMP_MASKED_EQ, kInt, static_cast<std::uint64_t>(getpid())};
    add("tgkill", {&only, 1});
  }

  [[nodiscard]] int error() const { return error_; }

 private:
  void add(const char* call, std::span<const scmp_arg_cmp> only) {
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR) return;
    const int error = seccomp_rule_add_array(filter_, SCMP_ACT_ALLOW, number,
                                             static_cast<unsigned>(only.size()), only.data());
    if (!error_) error_ = error;
  }

  scmp_filter_ctx filter_;
  int error_ = 0;
};

Filter new_filter() {
  Filter filter(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  // A tree of the numbers, where it can: not one comparison after another.
  if (filter) seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  return filter;
}

template <class Allow>
Result<void> limit(const Allow& allow) {
  constexpr const char* kWhat = "limit system calls";
  if (kHasSanitizer) {
    return std::unexpected(Error{std::string(kWhat) + ": this build has sanitizers"});
  }
  const Filter filter = new_filter();
  if (!filter) return std::unexpected(errno_error(kWhat, ENOMEM));
  Rules rules(filter.get());
  rules.allow(kCommon);
  rules.allow(kCommonConditionals);
  rules.allow_own_signals();
  allow(rules);
  if (rules.error()) return std::unexpected(errno_error(kWhat, -rules.error()));
  if (const int error = seccomp_load(filter.get())) {
    return std::unexpected(errno_error(kWhat, -error, "use a kernel with CONFIG_SECCOMP_FILTER"));
  }
  return {};
}

}  // namespace

Result<void> limit_system_calls(SystemCalls allowed) {
  return limit([&](Rules& rules) {
    rules.allow(kServer);
    rules.allow(kServerConditionals);
    if (allowed == SystemCalls::of_attaching) {
      rules.allow(kAttaching);
    } else {
      rules.allow(kReadOnly);
    }
  });
}

Result<void> limit_system_calls_of_broker() {
  return limit([](Rules& rules) { rules.allow(kReadOnly); });
}

}  // namespace fusescope
