// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/broker_process.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/cmd/broker_messages.h"
#include "agent/cmd/privileges.h"
#include "agent/cmd/system_calls.h"
#include "agent/host/other_processes.h"
#include "agent/web/web_config.h"

namespace fusescope {
namespace {

Answer processes() {
  const std::vector<pid_t> found = ProcfsProcesses().all();
  Answer answer;
  answer.bytes.assign(reinterpret_cast<const char*>(found.data()), found.size() * sizeof(pid_t));
  return answer;
}

Answer mount_namespace(pid_t process) {
  auto found = ProcfsProcesses().mount_namespace(process);
  if (!found) return {.bytes = "", .file = UniqueFd(), .error = ENOENT};
  return {.bytes = std::move(*found), .file = UniqueFd()};
}

// It is read by who asks: none of its bytes is looked at here.
Answer open_file_of(pid_t process, const char* name) {
  const std::string path = "/proc/" + std::to_string(process) + "/" + name;
  Answer answer;
  answer.file.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  answer.error = answer.file ? 0 : errno;
  return answer;
}

// The file and those that it names, whenever one of them has changed. Which these are is what the
// file itself says, and never who asks.
class WebFiles {
 public:
  explicit WebFiles(const std::string& file)
      : config_(file, [this](const auto& path, const auto& text) { note(path, text); }) {}

  Answer all() {
    texts_.clear();
    std::ignore = config_.load();
    return {.bytes = std::move(texts_), .file = UniqueFd()};
  }

  Answer changed() {
    texts_.clear();
    const bool has_changed = config_.renewed().has_value();
    return {.bytes = has_changed ? std::move(texts_) : "", .file = UniqueFd()};
  }

 private:
  void note(const std::filesystem::path& path, const Result<std::string>& text) {
    add_text(texts_, path.string());
    add_text(texts_, text ? "" : text.error().text);
    add_text(texts_, text.value_or(""));
  }

  WebConfigFile config_;
  std::string texts_;  // of each file: its name, why it could not be read, and what it says
};

Answer answer_to(const Request& request, std::optional<WebFiles>& web) {
  switch (request.question) {
    case Question::processes: return processes();
    case Question::mount_namespace: return mount_namespace(request.about);
    case Question::mountinfo: return open_file_of(request.about, "mountinfo");
    case Question::command: return open_file_of(request.about, "comm");
    case Question::web_config:
      if (web) return request.about ? web->all() : web->changed();
      break;
  }
  return {.bytes = "", .file = UniqueFd(), .error = EINVAL};
}

// It ends with the other end of its socket, and not by a signal to the whole group.
void block_signals() {
  sigset_t signals{};
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
}

// Nothing else that the agent has open.
UniqueFd keep_only(UniqueFd socket) {
  constexpr int kKept = STDERR_FILENO + 1;
  UniqueFd kept(socket.get() == kKept ? socket.release() : ::dup2(socket.get(), kKept));
  if (kept.get() == kKept) ::close_range(kKept + 1, ~0U, 0);
  return kept;
}

bool confine(bool has_web_config) {
  const auto remaining = drop_rights({.cap_sys_ptrace = true, .roots_files = has_web_config});
  if (!remaining) spdlog::error("broker: {}", remaining.error().text);
  if (!remaining) return false;
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);  // a change of user would have reset it
  if (auto limited = limit_system_calls_of_broker(); !limited) {
    spdlog::debug("broker: {}", limited.error().text);  // the agent warns of it
  }
  return true;
}

}  // namespace

void run_broker(UniqueFd socket, const std::string& web_config_file) {
  block_signals();
  const UniqueFd kept = keep_only(std::move(socket));
  if (!confine(!web_config_file.empty())) ::_exit(1);
  std::optional<WebFiles> web;
  if (!web_config_file.empty()) web.emplace(web_config_file);
  for (Request request; receive_request(kept.get(), request);) {
    if (!send_answer(kept.get(), request.id, answer_to(request, web))) break;
  }
  ::_exit(0);
}

}  // namespace fusescope
