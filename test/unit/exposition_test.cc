// SPDX-License-Identifier: Apache-2.0
// The text that Prometheus reads, as a whole.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "agent/export/families.h"
#include "agent/export/process_metrics.h"
#include "agent/model/label_text.h"
#include "test/unit/sample_snapshot.h"
#include "test/unit/temporary_folder.h"

namespace fusescope {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string sample_text() { return text_of(families_of(sample_snapshot(), sample_context())); }

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
  const std::string path = FUSESCOPE_GOLDEN_FOLDER "/metrics.txt";
  const std::string text = sample_text();
  const char* update = std::getenv("FUSESCOPE_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") {
    std::ofstream(path, std::ios::binary) << text;
  }
  expect_same_text(text, read_file(path));
}

TEST(Exposition, PassesPromtool) {
  const TemporaryFolder folder;
  folder.write("metrics.txt", sample_text() + text_of(process_families()));
  const std::string metrics = "'" + folder.path() + "/metrics.txt'";
  const std::string output = folder.path() + "/output.txt";
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
    EXPECT_EQ(to_label(text), text) << "not UTF-8";
  }
}

}  // namespace
}  // namespace fusescope
