// SPDX-License-Identifier: Apache-2.0
#include "agent/verify/own_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

const std::string kVictim = "what must stay";

class OwnFileTest : public testing::Test {
 protected:
  OwnFileTest() { place_.write("victim", kVictim); }

  [[nodiscard]] std::string path(const std::string& name) const {
    return place_.path() + "/" + name;
  }
  [[nodiscard]] std::string text_of(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool exchange() const {
    return ::renameat2(AT_FDCWD, path("victim").c_str(), AT_FDCWD, path("own").c_str(),
                       RENAME_EXCHANGE) == 0;
  }

  TemporaryDirectory place_;
  UniqueFd directory_{::open(place_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  OwnFile own_;
};

TEST_F(OwnFileTest, IsWrittenThroughAnyNameAndRemoved) {
  ASSERT_TRUE(own_.create(directory_.get(), "own"));
  const UniqueFd again = open_again(own_.anchor(), O_WRONLY);
  ASSERT_EQ(::pwrite(again.get(), "x", 1, 0), 1);
  EXPECT_EQ(text_of("own"), "x");
  EXPECT_EQ(own_.remove(), 0);
  EXPECT_NE(::access(path("own").c_str(), F_OK), 0);
}

TEST_F(OwnFileTest, IsNotMadeOverAnother) {
  EXPECT_FALSE(own_.create(directory_.get(), "victim"));
  EXPECT_EQ(own_.remove(), 0);
  EXPECT_EQ(text_of("victim"), kVictim);
}

TEST_F(OwnFileTest, DoesNotRemoveWhatHasTakenItsName) {
  ASSERT_TRUE(own_.create(directory_.get(), "own"));
  ASSERT_TRUE(exchange());
  EXPECT_EQ(own_.remove(), ESTALE);
  EXPECT_EQ(text_of("own"), kVictim);
  ASSERT_TRUE(exchange());
  EXPECT_EQ(own_.remove(), 0) << "it has its name again";
  EXPECT_EQ(text_of("victim"), kVictim);
}

TEST_F(OwnFileTest, DoesNotFollowALinkThatHasTakenItsName) {
  ASSERT_TRUE(own_.create(directory_.get(), "own"));
  ASSERT_EQ(::rename(path("own").c_str(), path("aside").c_str()), 0);
  place_.link("own", path("victim"));
  const UniqueFd again = open_again(own_.anchor(), O_WRONLY | O_TRUNC);
  ASSERT_EQ(::pwrite(again.get(), "x", 1, 0), 1);
  EXPECT_EQ(own_.remove(), ESTALE);
  EXPECT_EQ(text_of("victim"), kVictim);
  EXPECT_EQ(text_of("aside"), "x");
}

// Another thread exchanges the two names all the time.
TEST_F(OwnFileTest, IsTheOnlyOneThatIsWrittenWhileNamesAreSwapped) {
  const UniqueFd victim(::open(path("victim").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(own_.create(directory_.get(), "own"));
  std::atomic<bool> ending = false;
  std::atomic<unsigned> swaps = 0;
  std::thread swapper([&] {
    while (!ending) swaps += exchange();
  });
  unsigned written = 0;
  while (written < 200 || swaps < 200) {
    const UniqueFd again = open_again(own_.anchor(), O_WRONLY | O_TRUNC);
    written += ::pwrite(again.get(), "x", 1, 0) == 1;
  }
  ending = true;
  swapper.join();
  std::string text(kVictim.size() + 1, '\0');
  EXPECT_EQ(::pread(victim.get(), text.data(), text.size(), 0), std::ssize(kVictim));
  EXPECT_EQ(text.substr(0, kVictim.size()), kVictim);
}

}  // namespace
}  // namespace fusescope
