// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/stat.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <utility>

#include "agent/cmd/child.h"
#include "agent/cmd/ending_signals.h"
#include "agent/cmd/output.h"
#include "agent/host/host_limits.h"
#include "agent/host/processes.h"
#include "agent/observe/followed_counts.h"
#include "agent/text/stat_json.h"
#include "agent/text/stat_text.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSplit = 1;
constexpr int kSignalled = 128;

Result<void> check(const StatOptions& options) {
  if (options.command.empty() && !options.process) {
    return std::unexpected(
        Error{"nothing to count: give a command or a process, as in 'fusescope stat -- ls /mnt'"});
  }
  if (!is_host_pid_namespace()) {
    return std::unexpected(
        Error{"this pid namespace is not the host's, whose process ids the kernel counts by: "
              "run it in the host's (docker run --pid=host, hostPID: true)"});
  }
  return {};
}

bool is_writable(int descriptor) {
  const int flags = fcntl(descriptor, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) errno = EBADF;
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

// Where the report goes; known to be writable before anything is run.
Result<UniqueFd> open_output(const std::string& path) {
  UniqueFd output(path.empty()
                      ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                      : open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!output || !is_writable(output.get())) {
    const std::string name = path.empty() ? "standard error" : path;
    return std::unexpected(errno_error("open " + name, errno, "choose another with --output"));
  }
  return output;
}

// Children that a process already has may have children before they are followed: looked for until
// there are no new ones. Those that come later are followed by themselves.
Result<void> follow_tree(Followed followed, pid_t process) {
  std::set<pid_t> known = {process};
  if (auto first = followed.follow(process); !first) return first;
  for (bool is_new = true; is_new;) {
    is_new = false;
    for (const pid_t each : descendants_of(process)) {
      if (!known.insert(each).second) continue;
      if (auto added = followed.follow(each); !added) return added;
      is_new = true;
    }
  }
  return {};
}

Result<bool> report_on(FollowedCounts& counts, const StatOptions& options, StatReport& report,
                       int output) {
  auto snapshot = counts.collect();
  if (!snapshot) return std::unexpected(snapshot.error());
  std::erase_if(snapshot->mounts, [](const auto& mount) { return is_empty(mount.counters); });
  report.command = options.command;
  if (options.process) report.process = options.process;
  report.mounts = std::move(snapshot->mounts);
  report.self = std::move(snapshot->self);
  report.host = read_host_limits();
  return write_all(
      output, options.json ? stat_json(report) : stat_text(report),
      "write the report to " + (options.output.empty() ? "standard error" : options.output));
}

// Runs the command to its end. Nothing: it could not be run, which is reported.
Result<std::optional<Ending>> run(Child& child, const EndingSignals& signals,
                                  FollowedCounts& counts) {
  const pid_t process = child.process();
  if (auto running = child.run(); !running) {
    std::fprintf(stderr, "fusescope: %s\n", running.error().text.c_str());
    return std::nullopt;
  }
  const auto pass_on = [process](EndingSignals::Came came) {
    if (came.is_for_us_alone) kill(process, came.signal);
    return true;
  };
  const auto waited = wait_for_end(process, signals, pass_on, [&counts] { counts.keep_house(); });
  if (!waited) return std::unexpected(waited.error());
  return child.wait();
}

Result<int> count_command(const StatOptions& options, const EndingSignals& signals,
                          FollowedCounts& counts, int output) {
  auto child = Child::make(options.command, signals.mask_before(), options.on_broken_pipe);
  if (!child) return std::unexpected(child.error());
  const auto followed = options.process ? follow_tree(counts.followed(), options.process)
                                        : counts.followed().follow(child->process());
  if (!followed) return std::unexpected(followed.error());
  if (const auto came = signals.next(); came.signal) return kSignalled + came.signal;
  const auto begin = Clock::now();
  const auto ending = run(*child, signals, counts);
  if (!ending) return std::unexpected(ending.error());
  if (!*ending) return child->status_of_failure();
  StatReport report;
  report.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const Ending& end = **ending;
  (end.signal ? report.signal : report.exit_code) = end.signal ? end.signal : end.status;
  auto reported = report_on(counts, options, report, output);
  if (!reported) return std::unexpected(reported.error());
  return !end.status && options.fail_on_split && is_split(total_of(report)) ? kSplit : end.status;
}

// Until it ends, or a signal says that it is enough.
Result<int> count_process(const StatOptions& options, const EndingSignals& signals,
                          FollowedCounts& counts, int output) {
  if (auto followed = follow_tree(counts.followed(), options.process); !followed) {
    return std::unexpected(followed.error());
  }
  const auto begin = Clock::now();
  const auto waited = wait_for_end(
      options.process, signals, [](EndingSignals::Came) { return false; },
      [&counts] { counts.keep_house(); });
  if (!waited) return std::unexpected(waited.error());
  StatReport report;
  report.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  auto reported = report_on(counts, options, report, output);
  if (!reported) return std::unexpected(reported.error());
  return options.fail_on_split && is_split(total_of(report)) ? kSplit : 0;
}

}  // namespace

Result<int> stat(const StatOptions& asked) {
  if (auto checked = check(asked); !checked) return std::unexpected(checked.error());
  StatOptions options = asked;
  if (asked.process) {
    const auto process = process_of(asked.process);
    if (!process) return std::unexpected(process.error());
    options.process = *process;
  }
  const auto output = open_output(options.output);
  if (!output) return std::unexpected(output.error());
  const auto signals = EndingSignals::block();
  if (!signals) return std::unexpected(signals.error());
  const auto counts = FollowedCounts::start(options.hooks);
  if (!counts) return std::unexpected(counts.error());
  const auto count = options.command.empty() ? count_process : count_command;
  return count(options, *signals, **counts, output->get());
}

}  // namespace fusescope
