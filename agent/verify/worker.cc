// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <utility>

#include "agent/verify/test_file.h"

namespace fusescope {
namespace {

constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kPatience{2};  // for a worker to remove its file and end

// So that who reads what verify prints does not wait for a worker that hangs.
void let_go_of_standard_files() {
  const UniqueFd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) return;
  for (int descriptor = 0; descriptor <= 2; descriptor++) dup2(nothing.get(), descriptor);
}

bool is_closed(int socket) {
  pollfd closed = {.fd = socket, .events = 0, .revents = 0};
  return poll(&closed, 1, 0) > 0;
}

// Until nobody is there to send commands any more. The exit code says whether the file is gone.
[[noreturn]] void work(int socket, const std::string& directory) {
  let_go_of_standard_files();
  TestFile file(directory, [socket] { return is_closed(socket); });
  Command command;
  while (recv(socket, &command, sizeof command, 0) == sizeof command) {
    const Answer answer = file.carry_out(command);
    if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) break;
  }
  _exit(file.remove().error ? EXIT_FAILURE : EXIT_SUCCESS);
}

}  // namespace

Result<Worker> Worker::start(const std::string& directory) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
    return std::unexpected(errno_error("make a socket pair", errno));
  }
  UniqueFd own(sockets[0]);
  const UniqueFd other(sockets[1]);
  const pid_t process = fork();
  if (process < 0) return std::unexpected(errno_error("fork", errno));
  if (process == 0) {
    own.reset();
    work(other.get(), directory);
  }
  return Worker(process, std::move(own));
}

Worker::Worker(Worker&& other) noexcept
    : process_(std::exchange(other.process_, 0)), socket_(std::move(other.socket_)) {}

Worker::~Worker() { end(); }

bool Worker::end() {
  const pid_t process = std::exchange(process_, 0);
  if (!process) return true;
  socket_.reset();
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    int status = 0;
    if (waitpid(process, &status, WNOHANG)) return WIFEXITED(status) && WEXITSTATUS(status) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  kill(process, SIGKILL);
  return false;
}

Worker::Outcome Worker::carry_out(const Command& command, Clock::time_point deadline,
                                  const std::function<bool()>& is_stopped) {
  if (send(socket_.get(), &command, sizeof command, MSG_NOSIGNAL) != sizeof command) {
    return {.trouble = Trouble::gone, .answer = {}};
  }
  for (;;) {
    if (is_stopped()) return {.trouble = Trouble::stopped, .answer = {}};
    if (Clock::now() >= deadline) return {.trouble = Trouble::timeout, .answer = {}};
    pollfd waiting = {.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, static_cast<int>(kLook.count())) <= 0) continue;
    Answer answer;
    const ssize_t got = recv(socket_.get(), &answer, sizeof answer, 0);
    if (got != sizeof answer) return {.trouble = Trouble::gone, .answer = {}};
    return {.trouble = Trouble::none, .answer = answer};
  }
}

}  // namespace fusescope
