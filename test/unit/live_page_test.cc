// SPDX-License-Identifier: Apache-2.0
#include "agent/export/live_page.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace fusescope
