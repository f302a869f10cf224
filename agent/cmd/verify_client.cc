// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/verify_client.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdio>

#include "agent/cmd/verify_advice.h"
#include "agent/model/label_text.h"

namespace fusescope {

std::string VerifyClient::text_of(const Command& command, const Answer& answer) const {
  std::string what = std::string(answer.operation) + " ";
  what += command.step == Step::find && *command.name ? printable(command.name) : directory_;
  if (answer.is_short) {
    return what +
           ": fewer bytes than asked for, without an error: look into the daemon's "
           "log";
  }
  // No message of errno says it: ENODATA is the search's own.
  if (command.step == Step::find && answer.error == ENODATA) {
    return what + ": " + verify_advice(command, answer.error);
  }
  return errno_error(what, answer.error, verify_advice(command, answer.error)).text;
}

Error VerifyClient::trouble_of(Worker::Trouble trouble) const {
  switch (trouble) {
    case Worker::Trouble::stopped: return Error{"verify " + directory_ + ": stopped by a signal"};
    case Worker::Trouble::timeout:
      return Error{"verify " + directory_ + ": not done within " +
                   std::to_string(timeout_.count()) +
                   " s: the daemon hangs, or is too slow for this --timeout"};
    default: return Error{"verify " + directory_ + ": the process that does its I/O was killed"};
  }
}

Result<Answer> VerifyClient::create(std::size_t shape) {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) {
    return std::unexpected(errno_error("get a random number", errno));
  }
  Command command = {.step = Step::create, .shape = static_cast<std::uint32_t>(shape)};
  std::snprintf(command.name, sizeof command.name, ".fusescope-verify-%016llx",
                static_cast<unsigned long long>(number));
  file_ = command.name;
  return give(command);
}

Result<Answer> VerifyClient::find(const std::string& file) {
  Command command = {.step = Step::find};
  if (file.size() >= sizeof command.name) {
    return std::unexpected(errno_error("take the given file", ENAMETOOLONG));
  }
  std::snprintf(command.name, sizeof command.name, "%s", file.c_str());
  return give(command);
}

Result<Answer> VerifyClient::give(const Command& command) {
  const auto is_stopped = [this] {
    signal_ = signals_.next().signal;
    return signal_ != 0;
  };
  const auto [trouble, answer] = worker_.carry_out(command, deadline_, is_stopped);
  is_late_ = trouble == Worker::Trouble::timeout;
  if (trouble != Worker::Trouble::none) return std::unexpected(trouble_of(trouble));
  return answer;
}

std::string VerifyClient::end() {
  if (worker_.end() || file_.empty()) return "";
  return directory_ + "/" + file_ + " may be left";
}

}  // namespace fusescope
