// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/broker_messages.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPartBytes = 32 * 1024;  // below what any socket takes at once

struct PartHead {
  std::uint32_t id = 0;
  std::int32_t error = 0;
  std::uint32_t is_last = 0;
};

// Room for one descriptor beside a message: cmsg(3).
union Control {
  cmsghdr head;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

void attach(int file, msghdr& message, Control& control) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  cmsghdr* head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &file, sizeof(int));
}

UniqueFd attached(msghdr& message) {
  const cmsghdr* head = CMSG_FIRSTHDR(&message);
  if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) return {};
  int file = -1;
  std::memcpy(&file, CMSG_DATA(head), sizeof(int));
  return UniqueFd(file);
}

bool send_part(int socket, PartHead part, std::string_view bytes, int file) {
  std::array<iovec, 2> pieces = {iovec{&part, sizeof(part)},
                                 iovec{const_cast<char*>(bytes.data()), bytes.size()}};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  Control control{};
  if (file >= 0) attach(file, message, control);
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

// 0, or ETIMEDOUT.
int wait_for_part(int socket, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd event{.fd = socket, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&event, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return 0;
    if (ready == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
}

// 0, or ECONNRESET. Appends to the bytes of `into`.
int receive_part(int socket, PartHead& part, Answer& into) {
  std::array<char, kPartBytes> buffer{};
  std::array<iovec, 2> pieces = {iovec{&part, sizeof(part)}, iovec{buffer.data(), buffer.size()}};
  Control control{};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < static_cast<ssize_t>(sizeof(part))) return ECONNRESET;
  into.bytes.append(buffer.data(), static_cast<std::size_t>(count) - sizeof(part));
  if (message.msg_controllen > 0) into.file = attached(message);
  into.error = part.error;
  return 0;
}

}  // namespace

bool send_request(int socket, const Request& request) {
  return ::send(socket, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request);
}

bool receive_request(int socket, Request& request) {
  iovec piece{&request, sizeof(request)};
  msghdr message{};  // without room for descriptors: the kernel closes those that come
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &message, 0);
  } while (count < 0 && errno == EINTR);
  return count == sizeof(request);
}

bool send_answer(int socket, std::uint32_t id, const Answer& answer) {
  std::string_view left = answer.bytes;
  for (bool is_first = true;; is_first = false) {
    const std::string_view now = left.substr(0, kPartBytes);
    left.remove_prefix(now.size());
    const PartHead part = {.id = id, .error = answer.error, .is_last = left.empty()};
    if (!send_part(socket, part, now, is_first ? answer.file.get() : -1)) return false;
    if (left.empty()) return true;
  }
}

Answer receive_answer(int socket, std::uint32_t id, Clock::time_point until) {
  Answer answer;
  for (;;) {
    PartHead part;
    int error = wait_for_part(socket, until);
    if (!error) error = receive_part(socket, part, answer);
    if (error) return {.bytes = "", .file = UniqueFd(), .error = error};
    if (part.id != id) {
      answer = {};
    } else if (part.is_last) {
      return answer;
    }
  }
}

void add_text(std::string& bytes, std::string_view text) {
  const std::uint64_t size = text.size();
  bytes.append(reinterpret_cast<const char*>(&size), sizeof(size));
  bytes += text;
}

std::string_view take_text(std::string_view& bytes) {
  std::uint64_t size = 0;
  if (bytes.size() < sizeof(size)) return bytes = {};
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(text.size());
  return text;
}

}  // namespace fusescope
