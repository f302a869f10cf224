// SPDX-License-Identifier: Apache-2.0
#include "agent/web/passwords.h"

#include <crypt.h>
#include <gnutls/crypto.h>

#include <cstring>
#include <memory>
#include <utility>

namespace fusescope {
namespace {

constexpr std::size_t kHashLength = 60;
constexpr std::string_view kCostAt = "$2y$";
constexpr int kMaxCost = 13;  // 2^13 rounds: half a second, more or less
constexpr std::size_t kMaxRight = 256;
constexpr std::size_t kSecretBytes = 32;

// bcrypt may take a tenth of the time, and three tenths of a second at once.
constexpr std::chrono::seconds kSecondInterval{10};
constexpr double kSeconds = 0.3;

int cost_of(const std::string& hash) { return std::stoi(hash.substr(kCostAt.size(), 2)); }

bool is_bcrypt(const std::string& hash) {
  if (hash.size() != kHashLength || !hash.starts_with("$2") ||
      std::string_view("aby").find(hash[2]) == std::string_view::npos || hash[3] != '$' ||
      hash[6] != '$') {
    return false;
  }
  return crypt_checksalt(hash.c_str()) != CRYPT_SALT_INVALID && hash[4] >= '0' && hash[4] <= '3' &&
         hash[5] >= '0' && hash[5] <= '9';
}

}  // namespace

Result<void> check_hash(const std::string& hash) {
  if (!is_bcrypt(hash)) {
    return std::unexpected(
        Error{"no bcrypt hash: make one with htpasswd -nBC 10 '' | tr -d ':\\n'"});
  }
  if (const int cost = cost_of(hash); cost > kMaxCost) {
    return std::unexpected(Error{"bcrypt cost " + std::to_string(cost) + " is above " +
                                 std::to_string(kMaxCost) +
                                 ": to check it would hold up scrapes; 10 is common"});
  }
  return {};
}

Passwords::Passwords(Users users)
    : users_(std::move(users)),
      secret_(kSecretBytes, '\0'),
      attempts_(kAttemptInterval, kAttempts),
      seconds_(kSecondInterval, kSeconds) {
  gnutls_rnd(GNUTLS_RND_KEY, secret_.data(), secret_.size());
  for (const auto& [name, hash] : users_) {
    if (longest_hash_.empty() || cost_of(hash) > cost_of(longest_hash_)) longest_hash_ = hash;
  }
}

Login Passwords::check(std::string_view name, std::string_view password, const std::string& client,
                       Clock::time_point now) {
  const std::string print = fingerprint(name, password);
  if (right_.contains(print)) return Login::right;
  TokenBucket& attempts = attempts_.of(client, now);
  if (attempts.tokens(now) < 1 || seconds_.tokens(now) <= 0) return Login::too_many_attempts;

  const auto begin = Clock::now();
  const bool right = is_right(name, password);
  seconds_.take(std::chrono::duration<double>(Clock::now() - begin).count(), now);
  if (!right) {
    attempts.take(1, now);
    return Login::wrong;
  }
  if (right_.size() >= kMaxRight) right_.clear();
  right_.insert(print);
  return Login::right;
}

// Changes when the user's hash does.
std::string Passwords::fingerprint(std::string_view name, std::string_view password) const {
  const auto user = users_.find(name);
  const std::string& hash = user == users_.end() ? longest_hash_ : user->second;
  const std::string text =
      std::string(name).append(1, '\0').append(hash).append(1, '\0').append(password);
  std::string print(gnutls_hmac_get_len(GNUTLS_MAC_SHA256), '\0');
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), text.data(), text.size(),
                   print.data());
  return print;
}

bool Passwords::is_right(std::string_view name, std::string_view password) const {
  const auto user = users_.find(name);
  const std::string& hash = user == users_.end() ? longest_hash_ : user->second;
  if (password.find('\0') != std::string_view::npos) return false;  // bcrypt would end there
  const auto memory = std::make_unique<crypt_data>();
  const char* made = crypt_r(std::string(password).c_str(), hash.c_str(), memory.get());
  const bool equal = made != nullptr && std::strlen(made) == hash.size() &&
                     gnutls_memcmp(made, hash.data(), hash.size()) == 0;
  return equal && user != users_.end();
}

}  // namespace fusescope
