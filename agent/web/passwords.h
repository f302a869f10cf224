// SPDX-License-Identifier: Apache-2.0
// Who may log in. A bcrypt takes tens of milliseconds of the only thread that answers, on purpose:
// so that what was right is remembered, what is wrong is limited, and who guesses waits for others.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/error.h"
#include "agent/web/token_bucket.h"

namespace fusescope {

// Whether it is a bcrypt hash that can be checked in less than a second. The error does not quote
// it.
Result<void> check_hash(const std::string& hash);

enum class Login {
  right,
  wrong,
  too_many_attempts,  // of this client
  no_time,            // for a bcrypt, but for clients that have guessed less
};

// Not thread-safe.
class Passwords {
 public:
  using Clock = TokenBucket::Clock;
  using Users = std::map<std::string, std::string, std::less<>>;  // bcrypt hashes by name

  explicit Passwords(Users users);

  // `client` is the address it comes from; those of one /64 of IPv6 are one client. What was right
  // before is let in at once. After kAttempts wrong ones a client is refused without a look at the
  // password, until kAttemptInterval has passed for each. All clients together get a tenth of a
  // CPU; when it is short, the more a client has guessed, the more it leaves to others. A name
  // that does not exist takes as long as one that does.
  Login check(std::string_view name, std::string_view password, const std::string& client,
              Clock::time_point now);

  // Goes on where those of an earlier config end: what was right of users whose hash is the same,
  // and what clients have guessed.
  void take_over(Passwords& before, Clock::time_point now);

  static constexpr double kAttempts = 5;
  static constexpr std::chrono::seconds kAttemptInterval{10};

 private:
  [[nodiscard]] std::string fingerprint(std::string_view password) const;
  [[nodiscard]] bool was_right(std::string_view name, std::string_view password) const;
  [[nodiscard]] bool is_right(std::string_view name, std::string_view password) const;
  bool has_time_for(const std::string& network, Clock::time_point now);

  Users users_;
  std::string longest_hash_;  // stands in for that of an unknown name
  std::string secret_;        // of this process: the fingerprints say nothing without it
  Users right_;               // fingerprints of the passwords that were right last, by name
  BucketsByClient attempts_;
  BucketsByClient guesses_;  // of the last minutes
  TokenBucket seconds_;      // of a CPU that may go into bcrypt, all clients together
};

}  // namespace fusescope
