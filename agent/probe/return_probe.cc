// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/return_probe.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <memory>
#include <sstream>
#include <tuple>
#include <utility>

#include "agent/base/tracefs.h"
#include "agent/base/unique_fd.h"
#include "agent/host/procfs.h"
#include "agent/probe/libbpf_log.h"

namespace fusescope {
namespace {

constexpr std::string_view kGroup = "fusescope";
constexpr std::string_view kSection = "kretprobe/";

// Calls of a function that are followed at once: KRETPROBE_MAXACTIVE_MAX,
// kernel/trace/trace_kprobe.c
constexpr int kFollowed = 4096;

// Why kprobe_events cannot be written, and the way out.
Error unwritable(int error) {
  const bool has_kprobes = error != ENOENT || access(kKprobePmu, F_OK) == 0;
  const char* advice = "run as root or with CAP_DAC_OVERRIDE";
  if (error == ENOENT) advice = "mount tracefs there";
  if (!has_kprobes) advice = "this kernel is built without kprobes (CONFIG_KPROBE_EVENTS)";
  return errno_error(std::string("write ") + kTracefsDirectories[0] + "/kprobe_events", error,
                     advice);
}

Result<std::filesystem::path> tracefs() {
  int error = ENOENT;
  for (const char* directory : kTracefsDirectories) {
    const std::string events = std::string(directory) + "/kprobe_events";
    // Not access(), which looks at no capability of a user that is not root.
    if (faccessat(AT_FDCWD, events.c_str(), W_OK, AT_EACCESS) == 0) return directory;
    if (error == ENOENT) error = errno;
  }
  return std::unexpected(unwritable(error));
}

UniqueFd open_events(const std::filesystem::path& directory) {
  return UniqueFd(::open((directory / "kprobe_events").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
}

// One line to kprobe_events. 0, or errno.
int write_event(const UniqueFd& events, const std::string& line) {
  const ssize_t written = ::write(events.get(), line.data(), line.size());
  return written == static_cast<ssize_t>(line.size()) ? 0 : errno;
}

std::string qualified(const std::string& event) { return std::string(kGroup) + "/" + event; }

Result<UniqueFd> open_event(const std::filesystem::path& directory, const std::string& event) {
  const auto id = procfs_number(directory / "events" / kGroup / event / "id");
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.size = sizeof(attributes);
  attributes.config = static_cast<__u64>(id.value_or(0));
  // The program runs on every CPU, whichever one the event is opened for.
  UniqueFd opened(
      static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!opened) return std::unexpected(errno_error("perf_event_open " + qualified(event), errno));
  return opened;
}

Result<Link> attach_to(bpf_program& program, const std::filesystem::path& directory,
                       const std::string& event, std::shared_ptr<UniqueFd> events) {
  auto opened = open_event(directory, event);
  if (!opened) return std::unexpected(opened.error());
  const LibbpfLog log;
  bpf_link* link = bpf_program__attach_perf_event(&program, opened->get());
  if (!link) return std::unexpected(errno_error("attach", errno, log.reason()));
  std::ignore = opened->release();  // the link closes it
  return Link(link, LinkDeleter{event, std::move(events)});
}

}  // namespace

std::string event_name(std::string_view program, int process) {
  return std::string(program) + "_" + std::to_string(process);
}

int process_of_event(std::string_view event) {
  const auto digits = event.substr(event.find_last_of('_') + 1);
  int process = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  return is_number && process > 0 ? process : 0;
}

Result<Link> attach_return_probe(bpf_program& program) {
  const auto directory = tracefs();
  if (!directory) return std::unexpected(directory.error());
  const std::string section = bpf_program__section_name(&program);
  const std::string function = section.substr(kSection.size());
  const std::string event = event_name(bpf_program__name(&program), getpid());
  std::ostringstream line;
  line << "r" << kFollowed << ":" << qualified(event) << " " << function << "\n";
  const auto events = std::make_shared<UniqueFd>(open_events(*directory));
  const int error = *events ? write_event(*events, line.str()) : errno;
  if (error) return std::unexpected(errno_error("attach kretprobe to " + function, error));
  auto link = attach_to(program, *directory, event, events);
  if (!link) remove_return_probe(*events, event);
  return link;
}

void remove_return_probe(const UniqueFd& events, const std::string& event) {
  write_event(events, "-:" + qualified(event) + "\n");
}

void remove_stale_return_probes() {
  const auto directory = tracefs();
  if (!directory) return;
  const auto events = list_procfs(*directory / "events" / kGroup);
  if (!events) return;  // there are none
  const UniqueFd own = open_events(*directory);
  for (const std::string& event : *events) {
    const int process = process_of_event(event);
    if (process && kill(process, 0) != 0 && errno == ESRCH) remove_return_probe(own, event);
  }
}

}  // namespace fusescope
