// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/ending_signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace fusescope {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kSecond = 1000;  // milliseconds

// By who started this process, as nohup(1) and a shell for what it runs in the background do.
bool is_ignored(int signal) {
  struct sigaction now{};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

Result<EndingSignals> EndingSignals::block() {
  sigset_t signals{};
  sigset_t before{};
  sigemptyset(&signals);
  for (const int signal : kSignals) {
    if (!is_ignored(signal))
      sigaddset(&signals, signal);  // once blocked it would come all the same
  }
  UniqueFd descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) return std::unexpected(errno_error("take signals", errno));
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  return EndingSignals(before, std::move(descriptor));
}

EndingSignals::EndingSignals(EndingSignals&& other) noexcept
    : before_(other.before_), descriptor_(std::move(other.descriptor_)) {}

EndingSignals::~EndingSignals() {
  if (descriptor_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

EndingSignals::Came EndingSignals::next() const {
  signalfd_siginfo information{};
  if (read(descriptor_.get(), &information, sizeof(information)) != sizeof(information)) return {};
  return {.signal = static_cast<int>(information.ssi_signo),
          .is_for_us_alone = information.ssi_code <= 0};  // SI_USER, SI_QUEUE, SI_TKILL
}

Result<void> wait_for_end(pid_t process, const EndingSignals& signals,
                          const std::function<bool(EndingSignals::Came)>& on_signal,
                          const std::function<void()>& each_second) {
  const UniqueFd ended(static_cast<int>(syscall(SYS_pidfd_open, process, 0)));
  if (!ended) {
    return std::unexpected(errno_error("wait for process " + std::to_string(process), errno));
  }
  std::array<pollfd, 2> events = {
      pollfd{.fd = ended.get(), .events = POLLIN, .revents = 0},
      pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0}};
  while (!(events[0].revents & POLLIN)) {
    const int ready = poll(events.data(), events.size(), kSecond);
    if (ready < 0 && errno != EINTR) return std::unexpected(errno_error("poll", errno));
    if (ready <= 0) {
      events[0].revents = 0;
      each_second();
      continue;
    }
    if (!(events[1].revents & POLLIN)) continue;
    const auto came = signals.next();
    if (came.signal && !on_signal(came)) break;
  }
  return {};
}

}  // namespace fusescope
