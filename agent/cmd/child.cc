// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace fusescope {
namespace {

constexpr int kNotFound = 127;
constexpr int kNotRun = 126;
constexpr int kSignalled = 128;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(errno_error("make a pipe", errno));
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> arguments_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

// Runs in the child, where nothing may be allocated.
[[noreturn]] void wait_and_run(char* const* arguments, int go, int failure, const sigset_t& mask,
                               sighandler_t on_broken_pipe) {
  char byte = 0;
  if (read(go, &byte, 1) != 1) _exit(0);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  std::signal(SIGPIPE, on_broken_pipe);
  execvp(arguments[0], arguments);
  const int error = errno;
  const ssize_t written = write(failure, &error, sizeof(error));
  _exit(written == sizeof(error) ? kNotRun : kNotFound);
}

}  // namespace

Result<Child> Child::make(const std::vector<std::string>& command, const sigset_t& mask,
                          sighandler_t on_broken_pipe) {
  auto go = make_pipe();
  auto failure = make_pipe();
  if (!go) return std::unexpected(go.error());
  if (!failure) return std::unexpected(failure.error());
  const std::vector<char*> arguments = arguments_of(command);
  const pid_t process = fork();
  if (process < 0) return std::unexpected(errno_error("make a process", errno));
  if (process == 0) {
    // Its own copy of the other end would keep it waiting for ever.
    go->write.reset();
    wait_and_run(arguments.data(), go->read.get(), failure->write.get(), mask, on_broken_pipe);
  }
  return Child(process, command[0], std::move(go->write), std::move(failure->read));
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, 0)),
      program_(std::move(other.program_)),
      go_(std::move(other.go_)),
      failure_(std::move(other.failure_)),
      status_of_failure_(other.status_of_failure_) {}

Child::~Child() {
  if (process_ && go_) {
    go_.reset();
    wait();
  }
}

Result<void> Child::run() {
  const char byte = 1;
  int error = 0;
  if (write(go_.get(), &byte, 1) != 1) error = errno;
  go_.reset();
  if (!error && read(failure_.get(), &error, sizeof(error)) != sizeof(error)) return {};
  wait();
  status_of_failure_ = error == ENOENT ? kNotFound : kNotRun;
  return std::unexpected(errno_error("run '" + program_ + "'", error));
}

Ending Child::wait() {
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = 0;
  if (!WIFSIGNALED(status)) return {.status = WEXITSTATUS(status)};
  return {.status = kSignalled + WTERMSIG(status), .signal = WTERMSIG(status)};
}

}  // namespace fusescope
