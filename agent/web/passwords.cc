// SPDX-License-Identifier: Apache-2.0
#include "agent/web/passwords.h"

#include <arpa/inet.h>
#include <crypt.h>
#include <gnutls/crypto.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

namespace fusescope {
namespace {

constexpr std::size_t kHashLength = 60;
constexpr std::string_view kCostAt = "$2y$";
constexpr int kMaxCost = 13;  // 2^13 rounds: half a second, more or less
constexpr std::size_t kSecretBytes = 32;

// bcrypt may take a tenth of a CPU; at once, three tenths of a second or this many logins.
constexpr std::chrono::seconds kSecondInterval{10};
constexpr double kSeconds = 0.3;
constexpr double kLogins = 3;

// A guess weighs upon its client for so long, and more of them for longer: 1024 clients, as many as
// are known, have to wait longer than that for their next one where a bcrypt takes 50 ms.
constexpr std::chrono::seconds kGuessInterval{500};
constexpr double kMaxGuesses = 100;

int cost_of(const std::string& hash) {
  return 10 * (hash[kCostAt.size()] - '0') + hash[kCostAt.size() + 1] - '0';
}

// About what the check of a password takes.
double seconds_of(const std::string& hash) {
  constexpr double kRound = 60e-6;
  return hash.empty() ? 0 : kRound * (1 << cost_of(hash));
}

// Of this thread.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A host of IPv6 may have all addresses of a /64.
std::string network_of(const std::string& client) {
  in6_addr address{};
  const std::string text = client.substr(0, client.find('%'));
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1 || IN6_IS_ADDR_V4MAPPED(&address)) {
    return client;
  }
  std::fill_n(&address.s6_addr[8], 8, 0);
  std::array<char, INET6_ADDRSTRLEN> network{};
  return ::inet_ntop(AF_INET6, &address, network.data(), network.size());
}

std::string longest_of(const Passwords::Users& users) {
  const auto longest =
      std::ranges::max_element(users, {}, [](const auto& user) { return cost_of(user.second); });
  return longest == users.end() ? "" : longest->second;
}

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
      longest_hash_(longest_of(users_)),
      secret_(kSecretBytes, '\0'),
      attempts_(kAttemptInterval, kAttempts),
      guesses_(kGuessInterval, kMaxGuesses),
      seconds_(kSecondInterval, std::max(kSeconds, kLogins * seconds_of(longest_hash_))) {
  gnutls_rnd(GNUTLS_RND_KEY, secret_.data(), secret_.size());
}

Login Passwords::check(std::string_view name, std::string_view password, const std::string& client,
                       Clock::time_point now) {
  if (was_right(name, password)) return Login::right;
  const std::string network = network_of(client);
  TokenBucket& attempts = attempts_.of(network, now);
  if (attempts.tokens(now) < 1) return Login::too_many_attempts;
  if (!has_time_for(network, now)) return Login::no_time;

  const double begin = cpu_seconds();
  const bool right = is_right(name, password);
  seconds_.take(cpu_seconds() - begin, now);
  if (!right) {
    attempts.take(1, now);
    guesses_.of(network, now).take(1, now);
    return Login::wrong;
  }
  right_[std::string(name)] = fingerprint(password);
  return Login::right;
}

void Passwords::take_over(Passwords& before, Clock::time_point now) {
  secret_ = before.secret_;
  for (const auto& [name, print] : before.right_) {
    const auto user = users_.find(name);
    if (user != users_.end() && user->second == before.users_.at(name)) right_[name] = print;
  }
  attempts_ = std::move(before.attempts_);
  guesses_ = std::move(before.guesses_);
  seconds_.take(before.seconds_.missing(now), now);
}

// Who has guessed once leaves enough for a login of somebody who has not. With each guess more is
// to be left, so that all get their share, however many they are and however often they try.
bool Passwords::has_time_for(const std::string& network, Clock::time_point now) {
  const double guesses = guesses_.of(network, now).missing(now);
  const double kept = seconds_.capacity() - seconds_of(longest_hash_);
  return seconds_.tokens(now) > kept * guesses / (guesses + 1);
}

std::string Passwords::fingerprint(std::string_view password) const {
  std::string print(gnutls_hmac_get_len(GNUTLS_MAC_SHA256), '\0');
  gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret_.data(), secret_.size(), password.data(),
                   password.size(), print.data());
  return print;
}

bool Passwords::was_right(std::string_view name, std::string_view password) const {
  const auto known = right_.find(name);
  if (known == right_.end()) return false;
  const std::string print = fingerprint(password);
  return gnutls_memcmp(print.data(), known->second.data(), print.size()) == 0;
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
