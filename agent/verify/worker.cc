// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
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
  for (int descriptor = 0; descriptor <= 2; descriptor++) dup2(nothing.get(), descriptor);
}

// Until nobody is there to give orders any more.
[[noreturn]] void work(int socket, const std::string& folder) {
  let_go_of_standard_files();
  {
    TestFile file(folder);
    Order order;
    while (recv(socket, &order, sizeof order, 0) == sizeof order) {
      const Answer answer = file.carry_out(order);
      if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) break;
    }
  }
  _exit(0);
}

bool has_ended(pid_t process) {
  const pid_t ended = waitpid(process, nullptr, WNOHANG);
  return ended == process || (ended < 0 && errno == ECHILD);
}

}  // namespace

Result<Worker> Worker::start(const std::string& folder) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets)) {
    return std::unexpected(errno_error("make a socket pair", errno));
  }
  UniqueFd own(sockets[0]);
  UniqueFd other(sockets[1]);
  const pid_t process = fork();
  if (process < 0) return std::unexpected(errno_error("fork", errno));
  if (process == 0) {
    own.reset();
    work(other.get(), folder);
  }
  return Worker(process, std::move(own));
}

Worker::Worker(Worker&& other) noexcept
    : process_(std::exchange(other.process_, 0)), socket_(std::move(other.socket_)) {}

Worker::~Worker() {
  if (!process_) return;
  socket_.reset();
  const auto deadline = Clock::now() + kPatience;
  while (Clock::now() < deadline) {
    if (has_ended(process_)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  kill(process_, SIGKILL);
}

Worker::Outcome Worker::carry_out(const Order& order, Clock::time_point deadline,
                                  const std::function<bool()>& is_stopped) {
  if (send(socket_.get(), &order, sizeof order, MSG_NOSIGNAL) != sizeof order) {
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
