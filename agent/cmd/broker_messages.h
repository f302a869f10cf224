// SPDX-License-Identifier: Apache-2.0
// What the agent and its broker say to each other, over a socket that keeps messages apart
// (SOCK_SEQPACKET). A question has a fixed size and names no file; an answer comes in parts.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/error.h"
#include "agent/base/unique_fd.h"

namespace fusescope {

enum class Question : std::uint32_t {
  processes,        // bytes: pid_t, one after another
  mount_namespace,  // of a process; bytes: its number
  mountinfo,        // of a process: an open file
  command,          // of a process: an open file
  web_config,  // bytes: texts, see add_text(); none: as it was when it was last asked for. About 1:
               // in any case
};

struct Request {
  std::uint32_t id = 0;
  Question question = Question::processes;
  std::int32_t about = 0;  // a process id, or as said above
};

struct Answer {
  std::string bytes;
  UniqueFd file;
  int error = 0;  // errno; 0: none
};

// False if the other end is gone.
bool send_request(int socket, const Request& request);
bool receive_request(int socket, Request& request);
bool send_answer(int socket, std::uint32_t id, const Answer& answer);

// The answer to the request of that id; what is left of earlier ones is passed over. Fails with
// ETIMEDOUT, or ECONNRESET if the other end is gone.
Answer receive_answer(int socket, std::uint32_t id, std::chrono::steady_clock::time_point until);

// Texts of any bytes, one after another.
void add_text(std::string& bytes, std::string_view text);
std::string_view take_text(std::string_view& bytes);  // empty if nothing is left

}  // namespace fusescope
