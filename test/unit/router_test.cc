// SPDX-License-Identifier: Apache-2.0
#include "agent/export/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace fusescope {
namespace {

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.set_routes({
        {"/", {"page", [](const HttpRequest&) { return HttpResponse{.body = "short"}; }}},
        {"/long",
         {"page", [](const HttpRequest&) { return HttpResponse{.body = std::string(5000, 'x')}; }}},
        {"/throws",
         {"bad",
          [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("out of luck"); }}},
        {"/no-memory", {"bad", [](const HttpRequest&) -> HttpResponse { throw std::bad_alloc(); }}},
    });
  }

  std::vector<std::string> log_;
  Router router_{1024, [this](std::string line) { log_.push_back(std::move(line)); }};
};

bool has(const HttpResponse& response, const std::string& name, const std::string& value) {
  return std::ranges::any_of(response.headers, [&](const HttpHeader& each) {
    return each.name == name && each.value == value;
  });
}

TEST_F(RouterTest, AnswersGetAndHeadAndNothingElse) {
  EXPECT_EQ(router_.respond("GET", {.path = "/"}).body, "short");
  EXPECT_EQ(router_.respond("HEAD", {.path = "/"}).status, 200);
  EXPECT_EQ(router_.respond("GET", {.path = "/none"}).status, 404);
  const HttpResponse refused = router_.respond("POST", {.path = "/"});
  EXPECT_EQ(refused.status, 405);
  EXPECT_TRUE(has(refused, "Allow", "GET, HEAD"));
}

TEST_F(RouterTest, CountsByHandlerAndStatus) {
  router_.respond("GET", {.path = "/"});
  router_.respond("GET", {.path = "/long"});
  router_.respond("POST", {.path = "/"});
  router_.respond("GET", {.path = "/none"});
  EXPECT_EQ(router_.counts(),
            (RequestCounts{{{"page", 200}, 2}, {{"page", 405}, 1}, {{"other", 404}, 1}}));
}

TEST_F(RouterTest, CompressesWhatIsLongWhereTheClientTakesIt) {
  EXPECT_EQ(router_.respond("GET", {.path = "/long"}).body.size(), 5000);
  EXPECT_TRUE(has(router_.respond("GET", {.path = "/long"}), "Vary", "Accept-Encoding"));
  const HttpResponse packed = router_.respond("GET", {.path = "/long", .gzip_accepted = true});
  EXPECT_LT(packed.body.size(), 1024);
  EXPECT_TRUE(has(packed, "Content-Encoding", "gzip"));
  EXPECT_EQ(router_.respond("GET", {.path = "/", .gzip_accepted = true}).body, "short");
}

TEST_F(RouterTest, MakesAnErrorOfWhatIsThrown) {
  const HttpResponse failed = router_.respond("GET", {.path = "/throws"});
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body, "Internal Server Error: see the agent's log\n");
  EXPECT_EQ(router_.respond("GET", {.path = "/no-memory"}).status, 500);
  EXPECT_EQ(log_, (std::vector<std::string>{"answer /throws: out of luck",
                                            "answer /no-memory: std::bad_alloc"}));
  EXPECT_EQ(router_.exceptions(), 2U);
  EXPECT_EQ(router_.counts(), (RequestCounts{{{"bad", 500}, 2}}));
}

TEST_F(RouterTest, GivesTheRefusalOfOneWhoIsNotLetIn) {
  const Refuse refuse = [](const HttpRequest&) {
    return HttpResponse{.status = 401, .body = "who?"};
  };
  EXPECT_EQ(router_.respond("GET", {.path = "/throws"}, refuse).status, 401);
  EXPECT_EQ(router_.respond("GET", {.path = "/"}, [](const auto&) { return std::nullopt; }).status,
            200);
  EXPECT_EQ(router_.exceptions(), 0U);
  EXPECT_EQ(router_.counts(), (RequestCounts{{{"bad", 401}, 1}, {{"page", 200}, 1}}));
}

TEST_F(RouterTest, LetsNobodyInWhereThatCannotBeDecided) {
  const Refuse refuse = [](const HttpRequest&) -> std::optional<HttpResponse> { throw 1; };
  EXPECT_EQ(router_.respond("GET", {.path = "/"}, refuse).status, 500);
  EXPECT_EQ(log_, std::vector<std::string>{"answer /: unknown exception"});
  EXPECT_EQ(router_.exceptions(), 1U);
}

TEST(HttpRequest, JoinsHeadersOfOneNameInAnyCase) {
  const HttpRequest request{.path = "/", .headers = {{"Accept", "a"}, {"X", "y"}, {"accept", "b"}}};
  EXPECT_EQ(request.header("ACCEPT"), "a, b");
  EXPECT_EQ(request.header("none"), "");
}

}  // namespace
}  // namespace fusescope
