// SPDX-License-Identifier: Apache-2.0
#include "agent/export/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fusescope {
namespace {

using namespace std::chrono_literals;

constexpr auto kNow = Gate::Clock::time_point(1h);
const std::string kHashOfSecret = "$2b$04$O9YPJLtCsSrg1KPUTxU6l.5odvMUkB5wWGQd1z3iOm032JFD6Rw4K";
const std::string kAliceSecret = "Basic YWxpY2U6c2VjcmV0";
const std::string kAliceWrong = "Basic YWxpY2U6d3Jvbmc=";
const std::string kBobSecret = "Basic Ym9iOnNlY3JldA==";

// The status of the refusal; 200: let in.
unsigned status(Gate& gate, const std::string& authorization,
                const std::string& client = "192.0.2.1", Gate::Clock::time_point now = kNow) {
  HttpRequest request{.path = "/metrics"};
  if (!authorization.empty()) request.headers.push_back({"Authorization", authorization});
  const auto refusal = gate.refuse(request, client, now);
  return refusal ? refusal->status : 200;
}

Gate with_password() { return Gate(WebConfig{.users = {{"alice", kHashOfSecret}}}); }

TEST(Gate, LetsAllInWithoutAConfig) {
  Gate gate({});
  EXPECT_EQ(status(gate, ""), 200U);
}

TEST(Gate, AsksForAPassword) {
  Gate gate = with_password();
  const auto refusal = gate.refuse({.path = "/"}, "192.0.2.1", kNow);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 401U);
  EXPECT_EQ(refusal->headers.at(0).name, "WWW-Authenticate");
}

TEST(Gate, LetsInWithTheRightPasswordOnly) {
  Gate gate = with_password();
  EXPECT_EQ(status(gate, kAliceSecret), 200U);
  EXPECT_EQ(status(gate, kAliceWrong), 401U);
  EXPECT_EQ(status(gate, kBobSecret), 401U);
  EXPECT_EQ(status(gate, "basic YWxpY2U6c2VjcmV0"), 200U) << "the scheme has no letter case";
  for (const char* nonsense : {"Basic", "Basic ", "Basic !!!", "Basic YQ==", "Bearer x", "\x80"}) {
    EXPECT_EQ(status(gate, nonsense, "192.0.2.9"), 401U) << nonsense;
  }
}

TEST(Gate, APasswordThatGoesOnBehindAZeroIsWrong) {
  Gate gate = with_password();
  EXPECT_EQ(status(gate, "Basic YWxpY2U6c2VjcmV0AHg="), 401U);  // alice:secret\0x
}

TEST(Gate, LimitsWrongPasswordsOfOneClient) {
  Gate gate = with_password();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.66"), 401U);
  EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.66"), 429U);
  EXPECT_EQ(status(gate, kAliceSecret, "192.0.2.66"), 429U) << "a guess that happens to be right";
  EXPECT_EQ(status(gate, kAliceSecret), 200U) << "another client";
  EXPECT_EQ(status(gate, kAliceSecret, "192.0.2.66"), 200U) << "known to be right";
  EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.66", kNow + 10s), 401U);
  EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.66", kNow + 10s), 429U);
}

TEST(Gate, LimitsTheTimeThatGoesIntoPasswordsOfAllClients) {
  Gate gate(WebConfig{.users = {{"alice", "$2b$10$" + kHashOfSecret.substr(7)}}});
  unsigned computed = 0;
  while (status(gate, kAliceWrong, "192.0.2." + std::to_string(computed)) == 401U) ++computed;
  EXPECT_GE(computed, 1U);
  EXPECT_LE(computed, 20U);
  EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.200", kNow + 60s), 401U);
}

// Hashes of "secret" for several users, of a cost that the time for bcrypt soon runs out with.
constexpr const char* kSlowHash = "$2b$08$OOOrMCQ4P0fJDp9qtjyTzuNK.P57B.V.blVEVEnDo3BQQuOfvY4pO";
const std::string kCarolSecret = "Basic Y2Fyb2w6c2VjcmV0";
const std::string kDaveSecret = "Basic ZGF2ZTpzZWNyZXQ=";

WebConfig with_users() {
  return {.users = {{"alice", kSlowHash},
                    {"bob", kSlowHash},
                    {"carol", kSlowHash},
                    {"dave", kSlowHash}},
          .rate_limit = RateLimit{}};
}

// Clients that guess as often as they can, those first that had the fewest guesses.
class Guessers {
 public:
  explicit Guessers(Gate& gate) : gate_(gate) {
    for (int client = 1; client <= 30; ++client) {
      guesses_.emplace_back("198.51.100." + std::to_string(client), 0);
    }
  }

  // One try of each: whether there was time for none.
  bool are_refused(Gate::Clock::time_point now) {
    bool is_short = false;
    bool is_tried = false;
    for (auto& [client, guesses] : guesses_) {
      const auto refusal = gate_.refuse(guess_, client, now);
      is_tried = is_tried || refusal->status == 401;
      guesses += refusal->status == 401;
      is_short = is_short || refusal->body == "Too many wrong passwords: try again later\n";
    }
    std::ranges::stable_sort(guesses_, {}, [](const auto& entry) { return entry.second; });
    return is_short && !is_tried;
  }

  // The moment when each had so many guesses, and there is no time for another.
  Gate::Clock::time_point had(int count, Gate::Clock::time_point now) {
    const auto has_enough = [&](const auto& entry) { return entry.second >= count; };
    for (const auto end = now + 60s; now < end; now += 20ms) {
      if (are_refused(now) && std::ranges::all_of(guesses_, has_enough)) return now;
    }
    ADD_FAILURE() << "there was always time for guesses";
    return now;
  }

  // The moment of their last try.
  Gate::Clock::time_point go_on_for(std::chrono::seconds time, Gate::Clock::time_point now) {
    for (const auto end = now + time; now < end; are_refused(now)) now += 20ms;
    return now;
  }

 private:
  Gate& gate_;
  const HttpRequest guess_{.path = "/", .headers = {{"Authorization", kAliceWrong}}};
  std::vector<std::pair<std::string, int>> guesses_;
};

TEST(Gate, GuessersDoNotHoldUpAFirstLogin) {
  Gate gate(with_users());
  Guessers guessers(gate);
  auto now = guessers.go_on_for(4s, guessers.had(1, kNow));
  EXPECT_EQ(status(gate, kAliceSecret, "192.0.2.1", now), 200U);
  now = guessers.go_on_for(1s, now);
  EXPECT_EQ(status(gate, kBobSecret, "192.0.2.2", now), 200U);
}

TEST(Gate, WhoWasWrongOnceGoesBeforeThoseWhoGuess) {
  Gate gate(with_users());
  EXPECT_EQ(status(gate, kAliceWrong, "192.0.2.1"), 401U);
  Guessers guessers(gate);
  const auto begin = guessers.had(2, kNow);
  auto now = begin;
  do {
    now += 20ms;
    guessers.are_refused(now);
  } while (status(gate, kAliceSecret, "192.0.2.1", now) != 200U && now < begin + 10s);
  EXPECT_LT(now - begin, 1s);
}

TEST(Gate, ARenewedConfigGoesOnWithWhatIsKnown) {
  Gate gate(with_users());
  EXPECT_EQ(status(gate, kAliceSecret), 200U);
  EXPECT_EQ(status(gate, kCarolSecret), 200U);
  EXPECT_EQ(status(gate, kDaveSecret), 200U);
  Guessers guessers(gate);
  const auto now = guessers.go_on_for(4s, guessers.had(1, kNow));
  WebConfig config = with_users();
  config.users["carol"] = kHashOfSecret;
  config.users.erase("dave");
  Gate renewed(config);
  renewed.take_over(gate, now);
  EXPECT_EQ(status(renewed, kAliceWrong, "198.51.100.1", now), 429U) << "guessers stay known";
  EXPECT_EQ(status(renewed, kAliceSecret, "198.51.100.1", now), 200U) << "it was right before";
  EXPECT_EQ(status(renewed, kCarolSecret, "198.51.100.1", now), 429U) << "her hash is another";
  EXPECT_EQ(status(renewed, kDaveSecret, "198.51.100.1", now), 429U) << "he is no user any more";
  EXPECT_EQ(status(renewed, kDaveSecret, "192.0.2.8", now), 401U);
  EXPECT_EQ(status(renewed, kBobSecret, "192.0.2.9", now + 1s), 200U) << "a first login";
}

TEST(Gate, RatesGoOnWhereTheirLimitIsTheSame) {
  const WebConfig config{.rate_limit = RateLimit{.interval = 1h, .burst = 1}};
  Gate gate(config);
  EXPECT_EQ(status(gate, ""), 200U);
  Gate renewed(config);
  renewed.take_over(gate, kNow);
  EXPECT_EQ(status(renewed, ""), 429U);
  Gate other(WebConfig{.rate_limit = RateLimit{.interval = 1h, .burst = 2}});
  other.take_over(renewed, kNow);
  EXPECT_EQ(status(other, ""), 200U);
}

TEST(Gate, TheAddressesOfOneHostOfIpv6GuessTogether) {
  Gate gate = with_password();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(status(gate, kAliceWrong, "2001:db8:0:1::" + std::to_string(i)), 401U);
  }
  EXPECT_EQ(status(gate, kAliceWrong, "2001:db8:0:1:ffff::1"), 429U);
  EXPECT_EQ(status(gate, kAliceWrong, "2001:db8:0:2::1"), 401U);
  for (int i = 0; i < 6; ++i) {  // IPv4, on a socket for both
    EXPECT_EQ(status(gate, kAliceWrong, "::ffff:192.0.2." + std::to_string(i)), 401U);
  }
}

TEST(Gate, LimitsTheRequestsOfOneClient) {
  Gate gate(WebConfig{.rate_limit = RateLimit{.interval = 1s, .burst = 2}});
  EXPECT_EQ(status(gate, ""), 200U);
  EXPECT_EQ(status(gate, ""), 200U);
  EXPECT_EQ(status(gate, ""), 429U);
  EXPECT_EQ(status(gate, "", "192.0.2.2"), 200U);
  EXPECT_EQ(status(gate, "", "192.0.2.1", kNow + 1s), 200U);
  EXPECT_EQ(status(gate, "", "192.0.2.1", kNow + 1s), 429U);
}

TEST(Gate, HasALimitOfItsOwn) {
  Gate gate({});
  unsigned let_in = 0;
  while (status(gate, "") == 200U) ++let_in;
  EXPECT_EQ(let_in, Gate::kBurst);
}

TEST(Gate, AnIntervalOfZeroIsNoLimit) {
  Gate gate(WebConfig{.rate_limit = RateLimit{.interval = 0s, .burst = 1}});
  for (int i = 0; i < 10 * Gate::kBurst; ++i) ASSERT_EQ(status(gate, ""), 200U);
}

TEST(Gate, HoldsManyClients) {
  Gate gate(WebConfig{.rate_limit = RateLimit{.interval = 1s, .burst = 1}});
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(status(gate, "", std::to_string(i)), 200U);
}

TEST(Gate, AddsHeaders) {
  const Gate gate(WebConfig{.headers = {{"X-Frame-Options", "deny"}}});
  HttpResponse response;
  gate.add_headers(response);
  EXPECT_EQ(response.headers.at(0).value, "deny");
}

}  // namespace
}  // namespace fusescope
