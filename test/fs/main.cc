// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/signalfd.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "fs/options.h"
#include "fs/report.h"
#include "fs/server.h"

namespace countfs {
namespace {

fusetest::FileDescriptor block_and_collect_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGUSR1, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader of stdout that is gone must not leave a dead mount
  return fusetest::FileDescriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

void write_report(Reporter& reporter, const Server& server) {
  if (const auto written = reporter.write(server); !written) {
    std::fprintf(stderr, "countfs: %s\n", written.error().text.c_str());
  }
}

// False when a signal says to end.
bool obey_signals(int signals, Reporter& reporter, const Server& server) {
  signalfd_siginfo info{};
  while (::read(signals, &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo != SIGUSR1) return false;
    write_report(reporter, server);
  }
  return true;
}

void announce(Server& server) {
  server.find_connection();
  std::printf("ready %s\n", server.mountpoint().c_str());
  std::fflush(stdout);
}

// Until a signal, or until somebody else has unmounted or aborted the mount.
void run(Server& server, int signals, Reporter& reporter) {
  std::array<pollfd, 2> waits = {pollfd{signals, POLLIN, 0},
                                 pollfd{server.event_descriptor(), POLLIN, 0}};
  bool announced = false;
  while (!server.ended()) {
    ::poll(waits.data(), waits.size(), -1);
    server.clear_event();
    if (server.ready() && !announced) {
      announce(server);
      announced = true;
    }
    if (!obey_signals(signals, reporter, server)) return;
  }
}

int fail(const fusetest::Error& error) {
  std::fprintf(stderr, "countfs: %s\n", error.text.c_str());
  return 1;
}

int serve(const Options& options) {
  if (const auto fits = check_stats_path(options.stats_path); !fits) return fail(fits.error());
  const fusetest::FileDescriptor signals = block_and_collect_signals();
  auto server = Server::mount(options);
  if (!server) return fail(server.error());
  Reporter reporter(options.stats_path);
  (*server)->start();
  run(**server, signals.get(), reporter);
  (*server)->stop();
  write_report(reporter, **server);
  return (*server)->ready() ? 0 : 1;
}

}  // namespace
}  // namespace countfs

int main(int argc, char** argv) {
  const auto options = countfs::parse_options(argc, argv);
  return options ? countfs::serve(*options) : options.error();
}
