# SPDX-License-Identifier: Apache-2.0
"""What is added for a made-up cause, hook, metric, command and kernel row: new files, and text before
or after a line that is there. docs/extending.md has the same files, in words."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Insert:
    file: str
    text: str
    before: str = ""  # a part of the one line before which the text goes ...
    after: str = ""   # ... or behind which


@dataclasses.dataclass(frozen=True)
class Create:
    file: str
    text: str


CAUSE = [
    Insert("bpf/abi/abi.h", "\tFUSESCOPE_CAUSE_MADE_UP,\n", before="\tFUSESCOPE_CAUSES,"),
    Insert("bpf/abi/cause.h", """\
	if (request->window_left == 12345)
		return FUSESCOPE_CAUSE_MADE_UP;
""", before="\tif (request->window_left == 0)"),
    Insert("agent/model/names.cc", """\
    case FUSESCOPE_CAUSE_MADE_UP: return "made_up";
""", before="    case FUSESCOPE_CAUSES: break;"),
    Insert("agent/model/names.cc", "    {false, true, false, false},  // made_up\n",
           after="    {false, true, false, true},   // pipe"),
    Insert("agent/model/remedy_table.cc", """\
    RemedyRow{FUSESCOPE_CAUSE_MADE_UP, "", Way::open, "let windows end elsewhere",
              "mm/readahead.c, page_cache_sync_ra()"},

""", before="    RemedyRow{FUSESCOPE_CAUSE_UNKNOWN, "),
    Insert("docs/causes.md", """\
## made_up

This request ended 12345 bytes before the end of its readahead window, which nobody would do but a
test of how causes are added. Let windows end elsewhere.

""", before="## unknown"),
    Insert("test/unit/names_test.cc", """\
    {FUSESCOPE_CAUSE_MADE_UP, false, true, false, false},
""", after="    {FUSESCOPE_CAUSE_PIPE, false, true, false, true},"),
    Insert("test/unit/cause_test.cc", """\
TEST(SplitAtAMadeUpPlace, IsMadeUp) {
  ClosedRequest closed = request(FUSESCOPE_READ, FUSESCOPE_BUFFERED, kPage, 1);
  closed.request.window_left = 12345;
  EXPECT_EQ(cause_of(closed, kWide), "made_up");
  closed.request.window_left = 12346;
  EXPECT_EQ(cause_of(closed, kWide), "unknown");
}

""", before="// --- calls whose requests were closed for different reasons ---"),
]

HOOK = [
    Insert("bpf/attach/function_hooks.bpf.h", """\
ON_ENTRY(request_taken_made_up, fuse_made_up, struct fuse_req *req)
{
	return on_request_taken(ADDRESS_OF(0));
}

""", before="ON_ENTRY(request_taken_virtio, virtio_fs_enqueue_req"),
    Insert("agent/probe/hooks.cc", """\
constexpr std::string_view kMadeUp = "function fuse_made_up";
""", after='constexpr std::string_view kCopy = "function fuse_copy_args";'),
    Insert("agent/probe/hooks.cc", """\
      row(Role::taken, mode, loads, kMadeUp, kPrograms<way "request_taken_made_up">),            \\
""", before="      row(Role::ended, mode, loads, kEnd, "),
    Insert("docs/kernels.md", "- No kernel has fuse_made_up().\n",
           before="- The role `blocked` (the return of fuse_simple_background())"),
]

METRIC = [
    Insert("agent/export/metric_table.h", "  kMadeUp,\n", before="  kMetricCount,"),
    Insert("agent/export/metric_table.cc", """\
    {"fusescope_made_up", MetricType::Gauge, "", "The number of hooks, to show how one is added."},
""", before="}};"),
    Insert("agent/export/families.cc", "  builder.count(kMadeUp, {}, self.hooks.size());\n",
           before="  add_mount_tables(builder, self);"),
    Insert("test/unit/families_test.cc", """\
TEST(MadeUp, IsTheNumberOfHooks) {
  EXPECT_EQ(values_of_mount(silent_mount(), "fusescope_made_up").size(), 1U);
}

""", before="TEST(Mount, HasNoLimitsUntilTheyAreNegotiated) {"),
]

COMMAND = [
    Create("agent/cmd/made_up.h", """\
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/base/error.h"

namespace fusescope {

struct MadeUpOptions {
  bool loud = false;
};

// Prints one word. The exit code is 0; fails only if the word cannot be written.
Result<int> made_up(const MadeUpOptions& options);

}  // namespace fusescope
"""),
    Create("agent/cmd/made_up.cc", """\
// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/made_up.h"

#include "agent/cmd/output.h"

namespace fusescope {

Result<int> made_up(const MadeUpOptions& options) {
  if (auto printed = print(options.loud ? "HERE\\n" : "here\\n"); !printed) {
    return std::unexpected(printed.error());
  }
  return 0;
}

}  // namespace fusescope
"""),
    Insert("agent/CMakeLists.txt", "  cmd/made_up.cc\n", after="  cmd/logging.cc"),
    Insert("agent/main.cc", '#include "agent/cmd/made_up.h"\n', after='#include "agent/cmd/doctor.h"'),
    Insert("agent/main.cc", """\
void add_made_up(CLI::App& app, fusescope::MadeUpOptions& options) {
  CLI::App& made_up = *app.add_subcommand("made_up", "one word, to show how a command is added");
  made_up.add_flag("--loud", options.loud, "in capitals");
}

""", before='// "fusescope serve --help", once a command was recognized.'),
    Insert("agent/main.cc", """\
  fusescope::MadeUpOptions made_up_options;
  add_made_up(app, made_up_options);
""", after="  add_trace(app, trace_options);"),
    Insert("agent/main.cc", """\
      {"made_up", [&] { return fusescope::made_up(made_up_options); }},
""", after='runs = {'),
    Insert("README.md", "    ./fusescope made_up                   # one word\n",
           before="    ./fusescope verify --help             # each command has examples"),
    Insert("test/packages/packages.py", 'COMMANDS |= {"made_up"}\n', after="COMMANDS = {"),
]

KERNEL_ROW = [
    Insert("test/vm/kernels.toml", """\

[[row]]
name = "6.12-made-up"
commands = false
kernel = "6.12"
modes = ["auto"]
command_line = "threadirqs"
""", after='countfs = ["--io-uring"]'),
    Insert("docs/kernels.md", "| 6.12, threadirqs | F | T | F | T | F | all |\n",
           after="| 6.12, PREEMPT_RT | K | T | K | T | K | all |"),
]

ADDITIONS = {"A cause": CAUSE, "A hook": HOOK, "A metric": METRIC, "A command": COMMAND,
             "A kernel row": KERNEL_ROW}
