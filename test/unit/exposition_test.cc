// SPDX-License-Identifier: Apache-2.0
// The text that Prometheus reads, as a whole.
#include "agent/export/exposition.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/export/families.h"
#include "agent/export/process_metrics.h"
#include "agent/model/label_text.h"
#include "test/unit/sample_snapshot.h"
#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

using Families = std::function<void(const TakeFamily&)>;

std::string text_of(const Families& give) {
  std::string text;
  Exposition exposition([&](std::string_view piece) { text += piece; });
  give([&](prometheus::MetricFamily family) { exposition.add(std::move(family)); });
  return text;
}

std::string sample_text() {
  return text_of(
      [](const TakeFamily& take) { each_family(sample_snapshot(), sample_context(), take); });
}

std::string process_text() {
  return text_of([](const TakeFamily& take) {
    for (const auto& family : process_families()) take(family);
  });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Stops at the first line that differs: two whole expositions are no message for a person.
void expect_same_text(const std::string& text, const std::string& expected) {
  const std::vector<std::string> lines = lines_of(text);
  const std::vector<std::string> expected_lines = lines_of(expected);
  for (std::size_t i = 0; i < std::min(lines.size(), expected_lines.size()); i++) {
    ASSERT_EQ(lines[i], expected_lines[i]) << "line " << i + 1;
  }
  ASSERT_EQ(lines.size(), expected_lines.size());
  EXPECT_TRUE(text == expected) << "one ends with a newline";
}

// With FUSESCOPE_UPDATE_GOLDEN=1 the file is written anew: look at what changed before committing.
TEST(Exposition, IsByteForByteAsInTheGoldenFile) {
  const std::string path = FUSESCOPE_GOLDEN_DIRECTORY "/metrics.txt";
  const std::string text = sample_text();
  const char* update = std::getenv("FUSESCOPE_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream(path, std::ios::binary) << text;
  }
  expect_same_text(text, read_file(path));
}

TEST(Exposition, PassesPromtool) {
  const TemporaryDirectory directory;
  directory.write("metrics.txt", sample_text() + process_text());
  const std::string metrics = "'" + directory.path() + "/metrics.txt'";
  const std::string output = directory.path() + "/output.txt";
  const int status =
      std::system(("promtool check metrics <" + metrics + " >'" + output + "' 2>&1").c_str());
  ASSERT_NE(WEXITSTATUS(status), 127) << "promtool is missing: install the package prometheus";
  EXPECT_EQ(status, 0) << read_file(output);
  EXPECT_EQ(read_file(output), "");
}

TEST(Exposition, KeepsEachSeriesOnOneLineWhateverTheMountIsCalled) {
  const std::regex line(R"((# (HELP|TYPE) .+|[a-z_]+(\{.*\})? [0-9.e+-]+))");
  for (const std::string& text : lines_of(sample_text())) {
    EXPECT_TRUE(std::regex_match(text, line)) << text;
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Exposition, ComesInPiecesWhateverItsSize) {
  Snapshot snapshot = sample_snapshot();
  const MountSnapshot mount = snapshot.mounts.front();
  for (int i = 0; i < 50; i++) {
    snapshot.mounts.push_back(mount);
    snapshot.mounts.back().identity.mountpoint = "/mnt/" + std::to_string(i);
  }
  std::size_t largest = 0;
  std::size_t all = 0;
  Exposition exposition([&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    all += piece.size();
  });
  each_family(snapshot, {},
              [&](prometheus::MetricFamily family) { exposition.add(std::move(family)); });
  EXPECT_GT(all, 1'000'000U);
  EXPECT_LE(largest, 65'536U);
}

TEST(Exposition, LetsThroughWhatItsTakerThrows) {
  const auto refuse = [](std::string_view) { throw std::runtime_error("no more"); };
  Exposition exposition(refuse);
  const auto give = [&] { exposition.add({.name = "x", .help = "", .metric = {{}}}); };
  EXPECT_THROW(give(), std::runtime_error);
}

// A user who may mount chooses paths of any length.
TEST(Exposition, HasABoundOnEachLineWhateverTheMountIsCalled) {
  MountSnapshot mount = silent_mount();
  mount.identity.mountpoint = std::string(4000, '\xff');
  mount.identity.fstype = "fuse." + std::string(4000, '"');
  mount.identity.source = std::string(4000, '\n');
  const std::string text = text_of([&](const TakeFamily& take) {
    each_family({.mounts = {mount}, .self = sample_self()}, {}, take);
  });
  for (const std::string& line : lines_of(text)) EXPECT_LT(line.size(), 6 * kLabelBytes) << line;
}

}  // namespace
}  // namespace fusescope
