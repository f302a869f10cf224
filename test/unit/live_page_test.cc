// SPDX-License-Identifier: Apache-2.0
#include "agent/export/live_page.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "agent/model/recent.h"
#include "agent/text/live_json.h"
#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string body_of(const Routes& routes, const std::string& path) {
  return routes.at(path).respond(HttpRequest{.path = path}).body;
}

TEST(EscapedHtml, HasNoCharacterThatEndsATextOrAnAttribute) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
  EXPECT_EQ(escape_html("&lt;"), "&amp;lt;");
  const std::string text("/metrics \xc3\xa9\xff\n\0;", 15);
  EXPECT_EQ(escape_html(text), text);
}

TEST(LivePage, LinksToAllThatIsServed) {
  const std::string page = body_of(live_page_routes("1.2.3", "/other-metrics"), "/");
  for (const char* link : {"href=\"/other-metrics\"", "href=\"/-/healthy\"", "href=\"/-/ready\"",
                           "href=\"/api/mounts\"", "href=\"page.css\"", "src=\"page.js\""}) {
    EXPECT_TRUE(contains(page, link)) << link;
  }
  EXPECT_TRUE(contains(page, "version 1.2.3"));
  EXPECT_FALSE(contains(page, "{{"));
}

TEST(LivePage, LetsNeitherVersionNorPathLeaveItsPlace) {
  const std::string attack = R"("><script>alert('x')</script>)";
  const std::string page = body_of(live_page_routes("v" + attack, "/p" + attack), "/");
  EXPECT_FALSE(contains(page, "<script>"));
  EXPECT_TRUE(contains(page, "href=\"/p" + escape_html(attack) + "\""));
}

TEST(LivePage, AllowsNothingButItsOwnFiles) {
  const Routes routes = live_page_routes("1", "/metrics");
  for (const char* path : {"/", "/page.css", "/page.js"}) {
    const HttpResponse response = routes.at(path).respond(HttpRequest{.path = path});
    EXPECT_EQ(response.headers.front().name, "Content-Security-Policy");
    EXPECT_TRUE(response.headers.front().value.starts_with("default-src 'none'"));
    EXPECT_FALSE(response.body.empty());
  }
  EXPECT_FALSE(contains(body_of(routes, "/page.js"), "innerHTML"));
  EXPECT_FALSE(contains(body_of(routes, "/page.css"), "url("));
}

Snapshot snapshot_of(const MountSnapshot& mount) {
  Snapshot snapshot;
  snapshot.mounts.push_back(mount);
  return snapshot;
}

nlohmann::json json_of(const LiveReport& report) {
  return nlohmann::json::parse(live_json(report))["mounts"][0];
}

TEST(LiveJson, RatesAreThoseOfTheWindow) {
  MountSnapshot mount = judged_mount(32);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  const Snapshot before = snapshot_of(mount);
  add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].bytes = 1 << 20;
  const Snapshot now = snapshot_of(mount);
  const auto json = json_of(
      {.now = now, .before = &before, .window_seconds = 2, .host = default_host(), .waiting = ""});
  EXPECT_EQ(json["rates"]["calls_per_second"], 0.5);
  EXPECT_EQ(json["rates"]["requests_per_second"], 4);
  EXPECT_EQ(json["rates"]["bytes_per_second"], 1 << 19);
  EXPECT_EQ(json["requests_per_call"], 8);
  EXPECT_EQ(json["verdict"], "limited");
  EXPECT_EQ(json["cause"], "max_pages");
  EXPECT_EQ(json["since_start"]["calls"][0]["calls"], 2);
  EXPECT_EQ(json["binds"]["read"]["limit"], "max_pages");
  EXPECT_EQ(json["limits"]["max_pages"], 32);
}

TEST(LiveJson, WithoutAnEarlierSnapshotThereIsNoRate) {
  const Snapshot now = snapshot_of(judged_mount(32));
  const auto json = json_of(
      {.now = now, .before = nullptr, .window_seconds = {}, .host = default_host(), .waiting = ""});
  EXPECT_TRUE(json["rates"]["calls_per_second"].is_null());
  EXPECT_TRUE(json["requests_per_call"].is_null());
  EXPECT_EQ(json["verdict"], "idle");
}

TEST(LiveJson, WhatIsNotKnownIsNull) {
  MountSnapshot mount = judged_mount(32);
  mount.limits.reset();
  mount.readahead_bytes.reset();
  mount.identity.mountpoint = "/mnt/\xff";
  const Snapshot now = snapshot_of(mount);
  const auto json = json_of(
      {.now = now, .before = nullptr, .window_seconds = {}, .host = default_host(), .waiting = ""});
  EXPECT_TRUE(json["limits"]["max_pages"].is_null());
  EXPECT_TRUE(json["limits"]["readahead_bytes"].is_null());
  EXPECT_TRUE(json["binds"]["read"].is_null());
  EXPECT_EQ(json["mountpoint"], "/mnt/\\xff");
}

TEST(Recent, IsDueOnceASecondAndKeepsTenSeconds) {
  Recent recent;
  Recent::Clock::time_point now{};
  EXPECT_TRUE(recent.is_due(now));
  recent.add(now, {});
  EXPECT_EQ(recent.before(), nullptr);
  EXPECT_FALSE(recent.is_due(now + std::chrono::milliseconds(999)));
  EXPECT_TRUE(recent.is_due(now + std::chrono::seconds(1)));
  for (int i = 0; i < 100; i++) recent.add(now += std::chrono::seconds(1), {});
  ASSERT_NE(recent.before(), nullptr);
  EXPECT_EQ(recent.newest().at - recent.before()->at, Recent::kWindow);
}

}  // namespace
}  // namespace fusescope
