// SPDX-License-Identifier: Apache-2.0
// Who may log in. A bcrypt takes tens of milliseconds of the only thread that answers, on purpose:
// so that what was right is remembered, and what is wrong is limited.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "agent/base/error.h"
#include "agent/web/token_bucket.h"

namespace fusescope {

// Whether it is a bcrypt hash that can be checked in less than a second. The error does not quote
// it.
Result<void> check_hash(const std::string& hash);

enum class Login { right, wrong, too_many_attempts };

// Not thread-safe.
class Passwords {
 public:
  using Clock = TokenBucket::Clock;
  using Users = std::map<std::string, std::string, std::less<>>;  // bcrypt hashes by name

  explicit Passwords(Users users);

  // `client` is the address it comes from. After kAttempts wrong ones a client is refused without a
  // look at the password, until kAttemptInterval has passed for each; one that was right before is
  // still let in. A name that does not exist takes as long as one that does.
  Login check(std::string_view name, std::string_view password, const std::string& client,
              Clock::time_point now);

  static constexpr double kAttempts = 5;
  static constexpr std::chrono::seconds kAttemptInterval{10};

 private:
  std::string fingerprint(std::string_view name, std::string_view password) const;
  bool is_right(std::string_view name, std::string_view password) const;

  Users users_;
  std::string longest_hash_;  // stands in for that of an unknown name
  std::string secret_;        // of this process: the fingerprints say nothing without it
  std::set<std::string> right_;
  BucketsByClient attempts_;
  TokenBucket seconds_;  // that may go into bcrypt, all clients together
};

}  // namespace fusescope
