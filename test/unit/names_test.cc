// SPDX-License-Identifier: Apache-2.0
#include "agent/model/names.h"

#include <gtest/gtest.h>
#include <linux/fuse.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace fusescope {
namespace {

bool is_label(const std::string& name) {
  const auto is_allowed = [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, is_allowed);
}

// The names of the first `count` values of an enumeration: all fit for a label, no two alike.
template <class Enum>
std::vector<std::string> names_of(int count) {
  std::vector<std::string> names;
  for (int value = 0; value < count; value++) {
    names.emplace_back(name_of(static_cast<Enum>(value)));
    EXPECT_TRUE(is_label(names.back())) << value << ": " << names.back();
  }
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size());
  EXPECT_THROW(name_of(static_cast<Enum>(count)), std::out_of_range);
  return names;
}

TEST(Names, OfOperationsAreDistinct) {
  EXPECT_EQ(names_of<fusescope_op>(FUSESCOPE_OPS), (std::vector<std::string>{"read", "write"}));
}

TEST(Names, OfModesAreDistinct) {
  EXPECT_EQ(names_of<fusescope_mode>(FUSESCOPE_MODES),
            (std::vector<std::string>{"direct", "buffered"}));
}

TEST(Names, OfOriginsAreDistinct) {
  EXPECT_EQ(names_of<fusescope_origin>(FUSESCOPE_ORIGINS),
            (std::vector<std::string>{"call", "readahead", "writeback", "other"}));
}

TEST(Names, OfCausesAreDistinct) {
  names_of<fusescope_cause>(FUSESCOPE_CAUSES);
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_UNKNOWN), "unknown");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_UNMERGED), "unmerged");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_PAGE_SLOTS), "page_slots");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_MAX_PAGES), "max_pages");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_MAX_READ), "max_read");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_MAX_WRITE), "max_write");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_READAHEAD_WINDOW), "readahead_window");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_SHORT_REPLY), "short_reply");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_NO_BIG_WRITES), "no_big_writes");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_PARTIAL_PAGE), "partial_page");
  EXPECT_STREQ(name_of(FUSESCOPE_CAUSE_PIPE), "pipe");
}

TEST(Names, OfLossesAreDistinct) {
  names_of<fusescope_lost>(FUSESCOPE_LOSSES);
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_INFLIGHT_FULL), "inflight_full");
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_CALLS_FULL), "calls_full");
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_CALL_BEGINNING), "call_beginning");
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_UNMATCHED_END), "unmatched_end");
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_NEVER_ENDED), "never_ended");
  EXPECT_STREQ(name_of(FUSESCOPE_LOST_DURATION_ROWS), "duration_rows");
}

struct Opcode {
  std::uint32_t number;
  std::string name;  // as the kernel's header writes it
};

#define OPCODE(name) {FUSE_##name, #name}
const Opcode kOpcodes[] = {
    OPCODE(LOOKUP),       OPCODE(FORGET),        OPCODE(GETATTR),      OPCODE(SETATTR),
    OPCODE(READLINK),     OPCODE(SYMLINK),       OPCODE(MKNOD),        OPCODE(MKDIR),
    OPCODE(UNLINK),       OPCODE(RMDIR),         OPCODE(RENAME),       OPCODE(LINK),
    OPCODE(OPEN),         OPCODE(READ),          OPCODE(WRITE),        OPCODE(STATFS),
    OPCODE(RELEASE),      OPCODE(FSYNC),         OPCODE(SETXATTR),     OPCODE(GETXATTR),
    OPCODE(LISTXATTR),    OPCODE(REMOVEXATTR),   OPCODE(FLUSH),        OPCODE(INIT),
    OPCODE(OPENDIR),      OPCODE(READDIR),       OPCODE(RELEASEDIR),   OPCODE(FSYNCDIR),
    OPCODE(GETLK),        OPCODE(SETLK),         OPCODE(SETLKW),       OPCODE(ACCESS),
    OPCODE(CREATE),       OPCODE(INTERRUPT),     OPCODE(BMAP),         OPCODE(DESTROY),
    OPCODE(IOCTL),        OPCODE(POLL),          OPCODE(NOTIFY_REPLY), OPCODE(BATCH_FORGET),
    OPCODE(FALLOCATE),    OPCODE(READDIRPLUS),   OPCODE(RENAME2),      OPCODE(LSEEK),
    OPCODE(SETUPMAPPING), OPCODE(REMOVEMAPPING), OPCODE(SYNCFS),       OPCODE(COPY_FILE_RANGE),
};
#undef OPCODE

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

TEST(OpcodeNames, AreThoseOfTheKernelsHeaderInLowerCase) {
  for (const Opcode& opcode : kOpcodes) {
    EXPECT_EQ(opcode_name(opcode.number), lower_case(opcode.name)) << opcode.number;
  }
}

TEST(OpcodeNames, AreKnownForOpcodesThatAreNewerThanTheBuildMachine) {
  EXPECT_EQ(opcode_name(51), "tmpfile");
  EXPECT_EQ(opcode_name(52), "statx");
  EXPECT_EQ(opcode_name(53), "copy_file_range_64");
}

TEST(OpcodeNames, AreNumbersWhereTheProtocolHasNone) {
  EXPECT_EQ(opcode_name(0), "opcode_0");
  EXPECT_EQ(opcode_name(7), "opcode_7");
  EXPECT_EQ(opcode_name(19), "opcode_19");
  EXPECT_EQ(opcode_name(54), "opcode_54");
  EXPECT_EQ(opcode_name(62), "opcode_62");
  EXPECT_EQ(opcode_name(4096), "opcode_4096");
  EXPECT_EQ(opcode_name(0xffffffff), "opcode_4294967295");
}

TEST(OpcodeNames, CallTheRowThatTheLastOpcodesShareOther) {
  EXPECT_EQ(opcode_name(FUSESCOPE_MAX_OPCODES - 1), "other");
}

TEST(OpcodeNames, AreDistinctForEveryRow) {
  std::set<std::string> names;
  for (std::uint32_t opcode = 0; opcode < FUSESCOPE_MAX_OPCODES; opcode++) {
    const std::string name = opcode_name(opcode);
    EXPECT_TRUE(is_label(name)) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

struct Scope {
  fusescope_cause cause;
  bool read_direct, read_buffered, write_direct, write_buffered;
};

constexpr Scope kScopes[] = {
    {FUSESCOPE_CAUSE_UNKNOWN, true, true, true, true},
    {FUSESCOPE_CAUSE_UNMERGED, true, false, true, false},
    {FUSESCOPE_CAUSE_SHORT_REPLY, true, false, true, false},
    {FUSESCOPE_CAUSE_PAGE_SLOTS, true, false, true, true},
    {FUSESCOPE_CAUSE_MAX_PAGES, true, true, true, true},
    {FUSESCOPE_CAUSE_MAX_READ, true, true, false, false},
    {FUSESCOPE_CAUSE_MAX_WRITE, false, false, true, true},
    {FUSESCOPE_CAUSE_NO_BIG_WRITES, false, false, false, true},
    {FUSESCOPE_CAUSE_READAHEAD_WINDOW, false, true, false, false},
    {FUSESCOPE_CAUSE_PARTIAL_PAGE, false, false, false, true},
    {FUSESCOPE_CAUSE_PIPE, false, true, false, true},
};

TEST(Causes, ApplyToTheCallsThatTheyCanSplit) {
  ASSERT_EQ(std::size(kScopes), std::size_t{FUSESCOPE_CAUSES});
  for (const Scope& scope : kScopes) {
    const auto applies = [&](fusescope_op op, fusescope_mode mode) {
      return cause_applies(scope.cause, op, mode);
    };
    EXPECT_EQ(applies(FUSESCOPE_READ, FUSESCOPE_DIRECT), scope.read_direct) << scope.cause;
    EXPECT_EQ(applies(FUSESCOPE_READ, FUSESCOPE_BUFFERED), scope.read_buffered) << scope.cause;
    EXPECT_EQ(applies(FUSESCOPE_WRITE, FUSESCOPE_DIRECT), scope.write_direct) << scope.cause;
    EXPECT_EQ(applies(FUSESCOPE_WRITE, FUSESCOPE_BUFFERED), scope.write_buffered) << scope.cause;
  }
}

}  // namespace
}  // namespace fusescope
