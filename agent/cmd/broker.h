// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"
#include "agent/cmd/broker_messages.h"
#include "agent/host/other_processes.h"
#include "agent/web/web_config.h"

namespace fusescope {

// A process of its own that keeps the privileges which the agent gives up: to look at the processes
// of others, and to read the web config. It answers no more than that, so that who takes over the
// agent through a request has no more. If it is gone, or does not answer in time, its answers are
// errors. Thread-safe.
class Broker : public OtherProcesses {
 public:
  // To be called while there is one thread, and the privileges. `web_config_file` may be empty.
  static Result<std::shared_ptr<Broker>> start(const std::string& web_config_file);

  // It ends then.
  ~Broker() override;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  std::vector<pid_t> all() override;
  Result<std::string> mount_namespace(pid_t process) override;
  Result<UniqueFd> mountinfo(pid_t process) override;
  Result<std::string> command(pid_t process) override;

  // The web config, the first time; later only if it has changed, unless it is wanted always, or
  // cannot be asked for any more.
  enum class Read { if_changed, always };
  std::optional<Result<WebConfig>> web_config(Read read = Read::if_changed);

  [[nodiscard]] bool is_answering() const;

 private:
  using Clock = std::chrono::steady_clock;

  Broker(UniqueFd socket, pid_t process, std::string web_config_file);
  Answer ask(Question question, std::int32_t about = 0);
  Result<UniqueFd> file_of(pid_t process, Question question);
  void note(int error);

  const UniqueFd socket_;
  const pid_t process_;
  const std::string web_config_file_;
  std::mutex mutex_;
  std::uint32_t asked_ = 0;
  Clock::time_point silent_until_{};
  std::atomic<bool> is_silent_ = false;
  bool is_lost_ = false;   // when the web config was last asked for
  bool is_known_ = false;  // the web config
};

}  // namespace fusescope
