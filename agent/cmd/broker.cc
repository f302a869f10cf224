// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/broker.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "agent/cmd/broker_process.h"
#include "agent/host/procfs.h"

namespace fusescope {
namespace {

constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::seconds kSilence{30};  // for which one that did not answer is not asked
constexpr std::chrono::milliseconds kLook{5};
constexpr int kLooks = 100;  // for its end

// As the broker read them: names, errors, texts.
class ReadFiles {
 public:
  explicit ReadFiles(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string name(take_text(bytes));
      const std::string error(take_text(bytes));
      const std::string text(take_text(bytes));
      files_[name] = error.empty() ? Result<std::string>(text) : std::unexpected(Error{error});
    }
  }

  [[nodiscard]] Result<std::string> read(const std::filesystem::path& path) const {
    const auto found = files_.find(path.string());
    if (found != files_.end()) return found->second;
    return std::unexpected(Error{"read " + path.string() + ": the broker has not read it"});
  }

 private:
  std::map<std::string, Result<std::string>> files_;
};

Error failed(pid_t process, int error) {
  return errno_error("ask the broker about process " + std::to_string(process), error);
}

}  // namespace

Result<std::shared_ptr<Broker>> Broker::start(const std::string& web_config_file) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return std::unexpected(errno_error("make a socket to the broker", errno));
  }
  UniqueFd own(ends[0]);
  UniqueFd of_broker(ends[1]);
  const pid_t process = ::fork();
  if (process < 0) return std::unexpected(errno_error("start the broker", errno));
  if (process == 0) {
    own.reset();
    run_broker(std::move(of_broker), web_config_file);
  }
  return std::shared_ptr<Broker>(new Broker(std::move(own), process, web_config_file));
}

Broker::Broker(UniqueFd socket, pid_t process, std::string web_config_file)
    : socket_(std::move(socket)), process_(process), web_config_file_(std::move(web_config_file)) {}

// One that hangs is left behind: the kernel ends it with this process.
Broker::~Broker() {
  ::shutdown(socket_.get(), SHUT_RDWR);
  for (int i = 0; i < kLooks && ::waitpid(process_, nullptr, WNOHANG) == 0; i++) {
    std::this_thread::sleep_for(kLook);
  }
}

bool Broker::is_answering() const {
  pollfd end{.fd = socket_.get(), .events = 0, .revents = 0};
  return !is_silent_ && ::poll(&end, 1, 0) >= 0 && !(end.revents & POLLHUP);
}

void Broker::note(int error) {
  const bool is_lost = error == ETIMEDOUT || error == ECONNRESET;
  silent_until_ = is_lost ? Clock::now() + kSilence : Clock::time_point{};
  if (is_lost && !is_silent_) {
    spdlog::error(
        "broker: {}: mounts of other namespaces have no name, and a new web config is not read: "
        "restart fusescope if this lasts",
        std::strerror(error));
  }
  is_silent_ = is_lost;
}

Answer Broker::ask(Question question, std::int32_t about) {
  const std::lock_guard lock(mutex_);
  Answer answer;
  if (Clock::now() < silent_until_) {
    answer.error = ETIMEDOUT;
    return answer;
  }
  const Request request = {.id = ++asked_, .question = question, .about = about};
  if (send_request(socket_.get(), request)) {
    answer = receive_answer(socket_.get(), request.id, Clock::now() + kPatience);
  } else {
    answer.error = ECONNRESET;
  }
  note(answer.error);
  return answer;
}

std::vector<pid_t> Broker::all() {
  const Answer answer = ask(Question::processes);
  std::vector<pid_t> processes(answer.bytes.size() / sizeof(pid_t));
  std::memcpy(processes.data(), answer.bytes.data(), processes.size() * sizeof(pid_t));
  return processes;
}

Result<std::string> Broker::mount_namespace(pid_t process) {
  Answer answer = ask(Question::mount_namespace, process);
  if (answer.error) return std::unexpected(failed(process, answer.error));
  return std::move(answer.bytes);
}

Result<UniqueFd> Broker::file_of(pid_t process, Question question) {
  Answer answer = ask(question, process);
  if (!answer.file) return std::unexpected(failed(process, answer.error));
  return std::move(answer.file);
}

Result<UniqueFd> Broker::mountinfo(pid_t process) { return file_of(process, Question::mountinfo); }

Result<std::string> Broker::command(pid_t process) {
  const auto file = file_of(process, Question::command);
  if (!file) return std::unexpected(file.error());
  return read_open(file->get(), "/proc/" + std::to_string(process) + "/comm");
}

std::optional<Result<WebConfig>> Broker::web_config(Read read) {
  const bool is_wanted = read == Read::always || !is_known_;
  const Answer answer = ask(Question::web_config, is_wanted ? 1 : 0);
  is_known_ = !answer.error;
  const bool was_lost = std::exchange(is_lost_, answer.error != 0);
  if (answer.error && was_lost) return std::nullopt;
  if (answer.error) return std::unexpected(errno_error("web config: ask the broker", answer.error));
  if (answer.bytes.empty()) return std::nullopt;
  const ReadFiles files(answer.bytes);
  return load_web_config(web_config_file_,
                         [&](const auto& path, std::size_t) { return files.read(path); });
}

}  // namespace fusescope
