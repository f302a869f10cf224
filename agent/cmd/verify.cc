// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify.h"

#include <linux/magic.h>

#include <cstdio>
#include <tuple>
#include <utility>

#include "agent/cmd/ending_signals.h"
#include "agent/cmd/output.h"
#include "agent/cmd/verify_run.h"
#include "agent/host/mountinfo.h"
#include "agent/host/path_mounts.h"
#include "agent/host/processes.h"
#include "agent/text/verify_json.h"
#include "agent/text/verify_text.h"

namespace fusescope {
namespace {

constexpr int kSignalled = 128;
constexpr int kNotOk = 1;

Result<void> check(const VerifyOptions& options) {
  if (options.directory.empty()) return std::unexpected(Error{"no directory given"});
  if (!is_host_pid_namespace()) {
    return std::unexpected(
        Error{"this pid namespace is not the host's, whose process ids the "
              "kernel counts by: run it in the host's"});
  }
  return {};
}

// The same error, unless the directory is on FUSE in another mount namespace.
Error named_elsewhere(const Error& error, const std::string& directory) {
  const std::string advice = other_namespace_advice(directory, "fusescope verify");
  return advice.empty() ? error
                        : Error{"verify " + directory + ": not on FUSE here, but " + advice};
}

// The mount's device, if it is one of FUSE.
Result<std::uint32_t> look(VerifyClient& client, const std::string& directory) {
  const auto seen = client.give({.step = Step::look});
  if (!seen) return std::unexpected(seen.error());
  if (has_failed(*seen)) {
    const Error error{client.text_of({.step = Step::look}, *seen)};
    return std::unexpected(named_elsewhere(error, directory));
  }
  if (seen->filesystem != FUSE_SUPER_MAGIC) {
    const Error error{"verify " + directory +
                      ": not on a FUSE filesystem: give a directory of a FUSE mount, see "
                      "'findmnt -t fuse,fuseblk,virtiofs' and its subtypes"};
    return std::unexpected(named_elsewhere(error, directory));
  }
  return kernel_device(seen->device_major, seen->device_minor);
}

Result<VerifyReport> test(const VerifyOptions& options, VerifyClient& client) {
  const auto device = look(client, options.directory);
  if (!device) return std::unexpected(device.error());
  const auto counts = FollowedCounts::start(options.hooks);
  if (!counts) return std::unexpected(counts.error());
  if (auto followed = (*counts)->followed().follow(client.process()); !followed) {
    return std::unexpected(followed.error());
  }
  client.begin();
  VerifyWatch watch(**counts, *device);
  VerifyRun run(client, watch, options.unaligned ? kUnaligned : kVectored, options.file);
  if (options.no_timing) run.do_not_time();
  auto report = run.report();
  if (!report || client.is_late()) return report;
  std::ignore = client.give({.step = Step::remove});  // VerifyClient::end() says what is left
  return report;
}

std::string with(const std::string& text, const std::string& more) {
  return more.empty() ? text : text + "; " + more;
}

}  // namespace

Result<int> verify(const VerifyOptions& options) {
  if (auto checked = check(options); !checked) return std::unexpected(checked.error());
  const auto signals = EndingSignals::block();
  if (!signals) return std::unexpected(signals.error());
  auto worker = Worker::start(options.directory);
  if (!worker) return std::unexpected(worker.error());
  VerifyClient client(std::move(*worker), *signals, options.directory, options.timeout);
  const auto report = test(options, client);
  const std::string left = client.end();
  if (client.signal()) {
    if (!left.empty()) std::fprintf(stderr, "fusescope: %s\n", left.c_str());
    return kSignalled + client.signal();
  }
  if (!report) return std::unexpected(Error{with(report.error().text, left)});
  if (!left.empty()) std::fprintf(stderr, "fusescope: %s\n", left.c_str());
  const auto printed = print(options.json ? verify_json(*report) : verify_text(*report));
  if (!printed) return std::unexpected(printed.error());
  return verdict_of(*report) == IoVerdict::ok ? 0 : kNotOk;
}

}  // namespace fusescope
