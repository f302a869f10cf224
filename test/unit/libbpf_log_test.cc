// SPDX-License-Identifier: Apache-2.0
// Logs as libbpf 1.1 writes them.
#include "agent/probe/libbpf_log.h"

#include <gtest/gtest.h>

namespace fusescope {
namespace {

TEST(LastReason, IsTheLastLineOfTheVerifier) {
  EXPECT_EQ(
      last_reason("libbpf: prog 'fentry_read_left': BPF program load failed: Permission denied\n"
                  "libbpf: prog 'fentry_read_left': -- BEGIN PROG LOAD LOG --\n"
                  "5: (85) call #0\n"
                  "6: (79) r9 = *(u64 *)(r0 +0)\n"
                  "R0 !read_ok\n"
                  "processed 6 insns (limit 1000000) max_states_per_insn 0 total_states 0\n"
                  "-- END PROG LOAD LOG --\n"
                  "libbpf: prog 'fentry_read_left': failed to load: -13\n"
                  "libbpf: failed to load object 'fusescope_bpf'\n"
                  "libbpf: failed to load BPF skeleton 'fusescope_bpf': -13\n"),
      "R0 !read_ok");
}

TEST(LastReason, IsWhatLibbpfCouldNotFind) {
  EXPECT_EQ(
      last_reason("libbpf: prog 'tracepoint_request_taken': failed to find kernel BTF type ID "
                  "of 'fuse_request_sent': -3\n"
                  "libbpf: prog 'tracepoint_request_taken': failed to prepare load "
                  "attributes: -3\n"
                  "libbpf: prog 'tracepoint_request_taken': failed to load: -3\n"
                  "libbpf: failed to load object 'fusescope_bpf'\n"
                  "libbpf: failed to load BPF skeleton 'fusescope_bpf': -3\n"),
      "failed to find kernel BTF type ID of 'fuse_request_sent': -3");
}

TEST(LastReason, IsEmptyIfTheKernelGaveNone) {
  EXPECT_EQ(last_reason("libbpf: prog 'fentry_read_left': BPF program load failed: Operation not "
                        "permitted\n"
                        "libbpf: permission error while running as root; try raising 'ulimit -l'? "
                        "current value: 8.0 MiB\n"
                        "libbpf: prog 'fentry_read_left': failed to load: -1\n"
                        "libbpf: failed to load object 'fusescope_bpf'\n"),
            "");
  EXPECT_EQ(last_reason(""), "");
  EXPECT_EQ(last_reason("\n\n"), "");
}

TEST(LastReason, NeedsNoNewlineAtTheEnd) { EXPECT_EQ(last_reason("\n\nreason"), "reason"); }

TEST(LastReason, KeepsALineThatOnlyBeginsLikeThatOfAProgram) {
  EXPECT_EQ(last_reason("libbpf: prog 'x"), "libbpf: prog 'x");
}

TEST(LastProgram, IsTheOneThatLibbpfEndedWith) {
  EXPECT_EQ(last_program("libbpf: prog 'kprobe_read_left': something that is no error\n"
                         "libbpf: prog 'fentry_read_left': BPF program load failed: Permission "
                         "denied\n"
                         "libbpf: prog 'fentry_read_left': failed to load: -13\n"
                         "libbpf: failed to load object 'fusescope_bpf'\n"),
            "fentry_read_left");
}

TEST(LastProgram, EndsWithItsLine) {
  EXPECT_EQ(last_program("libbpf: prog 'cut\nlibbpf: map 'inflight': failed\n"), "cut");
}

TEST(LastProgram, IsEmptyWhereNoneIsNamed) {
  EXPECT_EQ(last_program("libbpf: map 'inflight': failed to create: Cannot allocate memory(-12)\n"),
            "");
  EXPECT_EQ(last_program(""), "");
}

}  // namespace
}  // namespace fusescope
