// SPDX-License-Identifier: Apache-2.0
#include "agent/text/trace_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <ctime>

#include "agent/text/trace_json.h"

namespace fusescope {
namespace {

TraceLine call() {
  TraceLine line{.event = {}, .ended_ns = 3'661'000'002'000, .mountpoint = "/mnt/a b"};
  fusescope_trace_event& event = line.event;
  event.latency_ns = 1'500'000;
  event.offset = 4096;
  event.bytes = 1 << 20;
  event.who.process = 42;
  event.who.thread = 43;
  event.who.syscall = 296;
  event.segments = 256;
  event.pages = 257;
  event.requests = 8;
  event.opcode = 16;
  event.mode = FUSESCOPE_BUFFERED;
  event.cause = FUSESCOPE_CAUSE_MAX_PAGES;
  event.kind = FUSESCOPE_TRACED_CALL;
  std::strcpy(line.event.who.comm, "dd");
  std::strcpy(line.event.file, "disk.img");
  return line;
}

TraceLine request() {
  TraceLine line{.event = {}, .ended_ns = 1'000'000'000, .mountpoint = ""};
  fusescope_trace_event& event = line.event;
  event.latency_ns = 2'000'000;
  event.unique = 8;
  event.node = 1;
  event.offset = FUSESCOPE_OFFSET_UNKNOWN;
  event.error = 2;
  event.opcode = 1;
  event.kind = FUSESCOPE_TRACED_REQUEST;
  return line;
}

std::string text(const TraceLine& line) {
  setenv("TZ", "UTC", 1);
  tzset();
  std::string text;
  add_trace_text(text, line);
  return text;
}

std::string json(const TraceLine& line) {
  std::string text;
  add_trace_json(text, line);
  return text;
}

TEST(TraceText, CallStandsUnderItsHead) {
  EXPECT_EQ(
      trace_head(FUSESCOPE_TRACED_CALL) + text(call()),
      "TIME            COMM                PID     TID SYSCALL         OP    MODE        "
      "   OFFSET     BYTES  SEGS  REQS PAGES         MS CAUSE            MOUNT  FILE\n"
      "01:01:01.000002 dd                   42      43 pwritev         write buffered    "
      "     4096   1048576   256     8   257      1.500 max_pages        /mnt/a b  disk.img\n");
}

TEST(TraceText, StandsUnderItsHeadWhateverTheBytesOfAName) {
  TraceLine line = call();
  std::strcpy(line.event.who.comm, "d\xc3\xbc");
  EXPECT_TRUE(text(line).starts_with("01:01:01.000002 d\xc3\xbc                   42      43 "))
      << text(line);
}

TEST(TraceText, OneRequestHasNoCause) {
  TraceLine line = call();
  line.event.requests = 1;
  EXPECT_EQ(text(line).find("max_pages"), std::string::npos);
  EXPECT_NE(json(line).find(R"("cause":null)"), std::string::npos);
}

TEST(TraceText, UnknownIsNotMadeUp) {
  const std::string line = text(request());
  EXPECT_TRUE(
      line.starts_with("00:00:01.000000 ?                     ?       ?          8 lookup"));
  EXPECT_TRUE(line.ends_with("ENOENT     ?\n")) << line;
}

TEST(TraceText, SystemCallIsNamedNumberedNoneOrUnknown) {
  TraceLine line = call();
  line.event.who.syscall = 59;
  EXPECT_NE(text(line).find(" syscall_59      write"), std::string::npos);
  line.event.who.syscall = FUSESCOPE_NO_SYSCALL;
  EXPECT_NE(text(line).find(" -               write"), std::string::npos);
  line.event.who.syscall = FUSESCOPE_SYSCALL_UNKNOWN;
  EXPECT_NE(text(line).find(" ?               write"), std::string::npos);
  EXPECT_NE(json(line).find(R"("syscall":null)"), std::string::npos);
}

TEST(TraceText, LongFileNameHasNoNul) {
  TraceLine line = call();
  std::memset(line.event.file, 'x', sizeof(line.event.file));
  EXPECT_EQ(file_of(line.event), std::string(FUSESCOPE_FILE_BYTES, 'x'));
}

TEST(TraceText, NamesAreSafeForATerminal) {
  TraceLine line = call();
  std::strcpy(line.event.who.comm, "a\x1b[2J");
  EXPECT_NE(text(line).find("a\\x1b[2J"), std::string::npos);
}

TEST(TraceText, FullNameHasNoNul) {
  TraceLine line = call();
  std::memset(line.event.who.comm, 'x', sizeof(line.event.who.comm));
  EXPECT_EQ(comm_of(line.event), std::string(16, 'x'));
}

TEST(TraceJson, Call) {
  EXPECT_EQ(json(call()), R"({"kind":"call","time":3661.000002,"comm":"dd","pid":42,"tid":43,)"
                          R"("mountpoint":"/mnt/a b","op":"write","syscall":"pwritev",)"
                          R"("file":"disk.img","mode":"buffered","offset":4096,"bytes":1048576,)"
                          R"("segments":256,"requests":8,"pages":257,"latency_seconds":0.0015,)"
                          R"("cause":"max_pages"})"
                          "\n");
}

TEST(TraceJson, Request) {
  EXPECT_EQ(json(request()),
            R"({"kind":"request","time":1.0,"comm":null,"pid":null,"tid":null,)"
            R"("mountpoint":null,"op":"lookup","mode":null,"unique":8,"node":1,"offset":null,)"
            R"("bytes":null,"pages":null,"queued_seconds":null,"service_seconds":null,)"
            R"("latency_seconds":0.002,"error":"ENOENT"})"
            "\n");
}

TEST(TraceJson, End) {
  const TraceEnd end = {.events = 3, .dropped = 4};
  EXPECT_EQ(trace_end_json(end), "{\"kind\":\"end\",\"events\":3,\"dropped\":4,\"skipped\":0}\n");
  EXPECT_EQ(trace_end_text(end), "3 events, 4 dropped\n");
  EXPECT_NE(trace_end_text({.events = 3, .dropped = 4, .skipped = 5}).find("skipped 5 runs"),
            std::string::npos);
}

TEST(Trace, HasNoControlCharacterWhateverAFileIsCalled) {
  TraceLine line = call();
  std::strcpy(line.event.file, "\xc2\x9b\x1b\xe2\x80\xae\x9b");
  EXPECT_TRUE(text(line).ends_with("  \\xc2\\x9b\\x1b\\xe2\\x80\\xae\\x9b\n")) << text(line);
  EXPECT_NE(json(line).find(R"("file":"\u009b\u001b\u202e\\x9b")"), std::string::npos)
      << json(line);
}

}  // namespace
}  // namespace fusescope
