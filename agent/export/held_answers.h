// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

namespace fusescope {

// The bodies of answers that clients have not read yet: no more bytes than a limit, or a single
// body that is larger. Where another one needs the room, the client that holds the most gives up
// its oldest: one who asks and does not read is in nobody's way. Not thread-safe.
class HeldAnswers {
 public:
  struct Answer {
    std::string client;
    std::string body;
    bool is_given_up = false;  // and then the body is empty
  };
  using Held = std::list<Answer>::iterator;

  explicit HeldAnswers(std::size_t limit) : limit_(limit) {}

  // Stays where it is until it is released.
  Held hold(std::string client, std::string body);
  void release(Held answer);

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }

 private:
  void make_room(std::size_t bytes);
  [[nodiscard]] std::string greediest() const;

  const std::size_t limit_;
  std::list<Answer> answers_;  // oldest first
  std::size_t bytes_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace fusescope
