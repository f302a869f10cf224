// SPDX-License-Identifier: Apache-2.0
#include "agent/text/live_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "test/unit/judged_mount.h"

namespace fusescope {
namespace {

Snapshot snapshot_of(const MountSnapshot& mount) {
  Snapshot snapshot;
  snapshot.mounts.push_back(mount);
  return snapshot;
}

// Two seconds apart.
Recent recent_of(std::vector<Snapshot> snapshots) {
  Recent recent;
  Recent::Clock::time_point now{};
  for (Snapshot& each : snapshots) recent.add(now += std::chrono::seconds(2), std::move(each));
  return recent;
}

nlohmann::json report_of(const Recent& recent) {
  return nlohmann::json::parse(
      live_json({.recent = recent, .host = default_host(), .rule = {}, .waiting = ""}));
}

void add_reads(MountSnapshot& mount, int calls) {
  for (int i = 0; i < calls; i++) {
    add_split(mount, FUSESCOPE_READ, FUSESCOPE_DIRECT, FUSESCOPE_CAUSE_MAX_PAGES, 8);
  }
}

TEST(LiveJson, RatesAreThoseOfTheWindow) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 1);
  const Snapshot before = snapshot_of(mount);
  add_reads(mount, 1);
  mount.counters.data.ops[FUSESCOPE_READ].io[FUSESCOPE_DIRECT].bytes = 1 << 20;
  const auto report = report_of(recent_of({before, snapshot_of(mount)}));
  EXPECT_EQ(report["window_seconds"], 2);
  const auto json = report["mounts"][0];
  EXPECT_EQ(json["window_seconds"], 2);
  EXPECT_EQ(json["rates"]["calls_per_second"], 0.5);
  EXPECT_EQ(json["rates"]["requests_per_second"], 4);
  EXPECT_EQ(json["rates"]["bytes_per_second"], 1 << 19);
  EXPECT_EQ(json["requests_per_call"], 8);
  EXPECT_EQ(json["verdict"], "limited");
  EXPECT_EQ(json["cause"], "max_pages");
  EXPECT_EQ(json["since_start"]["calls"][0]["calls"], 2);
  EXPECT_EQ(json["binds"]["read"]["limit"], "max_pages");
  EXPECT_EQ(json["limits"]["max_pages"], 32);
}

TEST(LiveJson, TellsTheStateAndWhy) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 1);
  const Snapshot before = snapshot_of(mount);
  mount.counters.data.sent_others += 30;
  mount.counters.durations[3].slots[4] += 20;  // GETATTR
  mount.counters.durations[1].slots[4] += 10;  // LOOKUP
  const auto busy = report_of(recent_of({before, snapshot_of(mount)}))["mounts"][0];
  EXPECT_EQ(busy["state"], "busy: metadata");
  EXPECT_EQ(busy["state_rank"], 2);
  EXPECT_EQ(busy["state_detail"], "getattr, lookup");
  EXPECT_EQ(busy["opcodes"], (nlohmann::json{{{"op", "getattr"}, {"requests", 20}},
                                             {{"op", "lookup"}, {"requests", 10}}}));
  EXPECT_EQ(busy["latency"]["p99_seconds"], 16e-6);
  EXPECT_EQ(busy["rates"]["all_requests_per_second"], 15);
  EXPECT_EQ(busy["rates"]["requests_per_second"], 0) << "of I/O calls";
  EXPECT_TRUE(busy["oldest_seconds"].is_null());
  mount.counters.errors[{.opcode = 3, .error = 5}] = 4;  // EIO
  mount.counters.errors[{.opcode = 1, .error = 2}] = 9;  // ENOENT
  mount.in_flight = 1;
  mount.oldest_age_ns = 12'500'000'000;
  mount.oldest_is_older = true;
  mount.waiting = 2;
  const auto hung = report_of(recent_of({before, snapshot_of(mount)}))["mounts"][0];
  EXPECT_EQ(hung["state"], "hung");
  EXPECT_EQ(hung["state_also"], nlohmann::json::array({"failing"}));
  EXPECT_EQ(hung["oldest_seconds"], 12.5);
  EXPECT_EQ(hung["oldest_is_older"], true);
  EXPECT_EQ(hung["waiting"], 2);
  EXPECT_EQ(hung["errors"],
            (nlohmann::json{{{"op", "getattr"}, {"error", "EIO"}, {"requests", 4}}}))
      << "ENOENT is asked for";
  EXPECT_EQ(hung["rates"]["errors_per_second"], 2);
}

TEST(LiveJson, WhatBeganBeforeTheAgentIsNoLoss) {
  Snapshot snapshot;
  snapshot.self.stats.lost[FUSESCOPE_LOST_UNMATCHED_END] = 11;
  const auto report = report_of(recent_of({snapshot}));
  EXPECT_EQ(report["lost"], nlohmann::json::object());
  EXPECT_EQ(report["begun_earlier"], 11);
}

TEST(LiveJson, WhatIsOverIsOnlyInTheTotals) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 5);
  const auto json = report_of(recent_of({snapshot_of(mount), snapshot_of(mount)}))["mounts"][0];
  EXPECT_EQ(json["verdict"], "idle");
  EXPECT_EQ(json["rates"]["calls_per_second"], 0);
  EXPECT_TRUE(json["requests_per_call"].is_null());
  EXPECT_EQ(json["since_start"]["verdict"], "limited");
}

TEST(LiveJson, WithoutAnEarlierSnapshotThereIsNoRate) {
  const auto report = report_of(recent_of({snapshot_of(judged_mount(32))}));
  EXPECT_TRUE(report["window_seconds"].is_null());
  const auto json = report["mounts"][0];
  EXPECT_TRUE(json["window_seconds"].is_null());
  EXPECT_TRUE(json["rates"]["calls_per_second"].is_null());
  EXPECT_TRUE(json["requests_per_call"].is_null());
  EXPECT_EQ(json["verdict"], "idle");
}

TEST(LiveJson, WhatAMountThatCameBackHadCountedIsNoRate) {
  MountSnapshot mount = judged_mount(32);
  add_reads(mount, 1000);
  const auto json = report_of(recent_of({Snapshot{}, snapshot_of(mount)}))["mounts"][0];
  EXPECT_TRUE(json["rates"]["calls_per_second"].is_null());
  add_reads(mount, 2);
  MountSnapshot earlier = judged_mount(32);
  add_reads(earlier, 1000);
  const auto later =
      report_of(recent_of({Snapshot{}, snapshot_of(earlier), snapshot_of(mount)}))["mounts"][0];
  EXPECT_EQ(later["rates"]["calls_per_second"], 1);
  EXPECT_EQ(later["window_seconds"], 2);
}

TEST(LiveJson, WhatIsNotKnownIsNull) {
  MountSnapshot mount = judged_mount(32);
  mount.limits.reset();
  mount.readahead_bytes.reset();
  mount.identity.mountpoint = "/mnt/\xff";
  const auto json = report_of(recent_of({snapshot_of(mount)}))["mounts"][0];
  EXPECT_TRUE(json["limits"]["max_pages"].is_null());
  EXPECT_TRUE(json["limits"]["readahead_bytes"].is_null());
  EXPECT_TRUE(json["binds"]["read"].is_null());
  EXPECT_EQ(json["mountpoint"], "/mnt/\\xff");
}

TEST(LiveJson, ShowsWhatWasLostAndWhichHooksAreMissing) {
  Snapshot snapshot;
  snapshot.self.stats.lost[FUSESCOPE_LOST_INFLIGHT_FULL] = 3;
  snapshot.self.hooks.emplace_back().role = Role::ended;
  const auto report = report_of(recent_of({snapshot}));
  EXPECT_EQ(report["lost"], nlohmann::json({{"inflight_full", 3}}));
  EXPECT_EQ(report["roles"][0]["state"], "missing");
  EXPECT_EQ(report["roles"][0]["unseen"], "nothing can be counted");
  EXPECT_EQ(report["mounts"], nlohmann::json::array());
}

}  // namespace
}  // namespace fusescope
