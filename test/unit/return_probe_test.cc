// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/return_probe.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace fusescope {
namespace {

constexpr std::string_view kProgram = "kprobe_read_left";

TEST(EventName, TellsTheProgramAndTheProcess) {
  EXPECT_EQ(event_name(kProgram, 1234), "kprobe_read_left_1234");
}

// MAX_EVENT_NAME_LEN, kernel/trace/trace.h; names of BPF programs are cut to 15 characters by the
// kernel, but not by libbpf, which is asked here.
TEST(EventName, FitsTheKernel) {
  constexpr std::size_t kLongest = 64;
  EXPECT_LT(event_name("kprobe_splice_read_left", std::numeric_limits<int>::max()).size(),
            kLongest);
}

TEST(ProcessOfEvent, IsTheOneThatTheNameWasMadeFor) {
  for (const int process : {1, 2, 1234, 4194304, std::numeric_limits<int>::max()}) {
    EXPECT_EQ(process_of_event(event_name(kProgram, process)), process);
  }
}

// Whatever else lies in the directory of events is left alone.
TEST(ProcessOfEvent, IsNoneForOtherNames) {
  for (const std::string_view name :
       {"", "_", "enable", "filter", "kprobe_read_left", "kprobe_read_left_", "kprobe_12a",
        "kprobe_a12", "kprobe_12 ", "kprobe_ 12", "kprobe_0", "kprobe_2147483648",
        "kprobe_99999999999999999999"}) {
    EXPECT_EQ(process_of_event(name), 0) << "'" << name << "'";
  }
}

// A process number below 1 would name a process group, or all processes, to kill(2).
TEST(ProcessOfEvent, IsNeverAGroup) { EXPECT_EQ(process_of_event("kprobe_-12"), 0); }

}  // namespace
}  // namespace fusescope
