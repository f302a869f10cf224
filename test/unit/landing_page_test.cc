// SPDX-License-Identifier: Apache-2.0
#include "agent/export/landing_page.h"

#include <gtest/gtest.h>

#include <string>

namespace fusescope {
namespace {

bool contains(const std::string& page, const std::string& text) {
  return page.find(text) != std::string::npos;
}

TEST(EscapedHtml, HasNoCharacterThatEndsATextOrAnAttribute) {
  EXPECT_EQ(escape_html("<a href=\"x\" id='y'>&</a>"),
            "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
}

TEST(EscapedHtml, ShowsTextThatLooksEscapedAsItIs) {
  EXPECT_EQ(escape_html("&lt;&amp;"), "&amp;lt;&amp;amp;");
}

TEST(EscapedHtml, KeepsAllOtherBytes) {
  const std::string text("/metrics \xc3\xa9\xff\n\0;", 15);
  EXPECT_EQ(escape_html(text), text);
  EXPECT_EQ(escape_html(""), "");
}

TEST(LandingPage, LinksToAllThatIsServed) {
  const std::string page = landing_page("1.2.3", "/metrics");
  for (const char* link : {R"(href="/metrics")", R"(href="/-/healthy")", R"(href="/-/ready")"}) {
    EXPECT_TRUE(contains(page, link)) << link;
  }
  EXPECT_TRUE(contains(page, "1.2.3"));
}

TEST(LandingPage, IsAnHtmlDocumentInUtf8) {
  const std::string page = landing_page("1.2.3", "/metrics");
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(contains(page, R"(<meta charset="utf-8">)"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
}

TEST(LandingPage, LetsNeitherVersionNorPathLeaveItsPlace) {
  const std::string attack = R"("><script>alert('x')</script>)";
  const std::string page = landing_page("v" + attack, "/p" + attack);
  const std::string escaped = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;";
  EXPECT_FALSE(contains(page, "<script"));
  EXPECT_TRUE(contains(page, "v" + escaped));
  EXPECT_TRUE(contains(page, "href=\"/p" + escaped + "\""));
}

}  // namespace
}  // namespace fusescope
