// SPDX-License-Identifier: Apache-2.0
#include "agent/host/kernel.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "test/unit/temporary_directory.h"

namespace fusescope {
namespace {

KernelFacts facts_of(const TemporaryDirectory& root) { return read_kernel(root.path()); }

TEST(Kernel, IsReadFromProcAndSys) {
  const TemporaryDirectory root;
  root.write("proc/sys/kernel/osrelease", "6.12.1-amd64\n");
  root.write("proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC\n");
  root.write("proc/sys/kernel/perf_event_paranoid", "-1\n");
  root.write("proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
  root.write("proc/sys/kernel/bpf_stats_enabled", "1\n");
  root.write("proc/sys/fs/fuse/max_pages_limit", "256\n");
  root.write("sys/kernel/btf/vmlinux", "");
  const KernelFacts kernel = facts_of(root);
  EXPECT_EQ(kernel.release, "6.12.1-amd64");
  EXPECT_EQ(kernel.version, "#1 SMP PREEMPT_DYNAMIC");
  EXPECT_EQ(kernel.perf_event_paranoid, -1);
  EXPECT_EQ(kernel.unprivileged_bpf_disabled, 2);
  EXPECT_EQ(kernel.bpf_stats_enabled, 1);
  EXPECT_EQ(kernel.max_pages_limit, 256);
  EXPECT_TRUE(kernel.has_types);
}

void expect_nothing_known(const KernelFacts& kernel) {
  EXPECT_EQ(kernel.release, "");
  EXPECT_EQ(kernel.version, "");
  EXPECT_FALSE(kernel.has_types);
  EXPECT_EQ(kernel.fuse, FuseDriver::not_loaded);
  EXPECT_EQ(kernel.fuse_types, FuseTypes::none);
  EXPECT_FALSE(kernel.lockdown);
  EXPECT_EQ(kernel.kprobe_events, KprobeEvents::not_built_in);
  EXPECT_FALSE(kernel.perf_event_paranoid);
  EXPECT_FALSE(kernel.unprivileged_bpf_disabled);
  EXPECT_FALSE(kernel.bpf_stats_enabled);
  EXPECT_FALSE(kernel.max_pages_limit);
  EXPECT_TRUE(kernel.is_host_user_namespace);
}

TEST(Kernel, IsUnknownWithoutFiles) {
  const TemporaryDirectory root;
  expect_nothing_known(facts_of(root));
  expect_nothing_known(read_kernel(root.path() + "/nowhere"));
}

TEST(Kernel, IsUnknownFromDirectoriesInThePlaceOfFiles) {
  const TemporaryDirectory root;
  for (const char* file : {"kernel/osrelease", "kernel/version", "kernel/perf_event_paranoid",
                           "kernel/bpf_stats_enabled", "fs/fuse/max_pages_limit"}) {
    root.write(std::string("proc/sys/") + file + "/directory", "");
  }
  root.write("sys/kernel/security/lockdown/directory", "");
  root.write("proc/self/uid_map/directory", "");
  expect_nothing_known(facts_of(root));
}

TEST(Kernel, HasNoNumberWhereTextIsNone) {
  const TemporaryDirectory root;
  const std::string name = "proc/sys/kernel/perf_event_paranoid";
  for (const char* text : {"", "\n", "two\n", "2 3\n", "2x", "99999999999999999999\n", " 2\n"}) {
    root.write(name, text);
    EXPECT_FALSE(facts_of(root).perf_event_paranoid) << text;
  }
  root.write(name, "3");
  EXPECT_EQ(facts_of(root).perf_event_paranoid, 3);
}

TEST(Kernel, TakesNoMoreThanAPageOfALine) {
  const TemporaryDirectory root;
  root.write("proc/sys/kernel/osrelease", std::string(1 << 20, 'x'));
  EXPECT_EQ(facts_of(root).release, std::string(4096, 'x'));
}

TEST(Kernel, KeepsAnyBytes) {
  const TemporaryDirectory root;
  const std::string bytes("\x1b[2J\xff\0z", 7);
  root.write("proc/sys/kernel/osrelease", bytes + "\nmore");
  EXPECT_EQ(facts_of(root).release, bytes);
}

TEST(Lockdown, IsTheWordInBrackets) {
  const TemporaryDirectory root;
  const std::string name = "sys/kernel/security/lockdown";
  root.write(name, "none [integrity] confidentiality\n");
  EXPECT_EQ(facts_of(root).lockdown, "integrity");
  root.write(name, "[none] integrity confidentiality\n");
  EXPECT_EQ(facts_of(root).lockdown, "none");
  for (const char* text : {"", "none integrity", "]none[", "[none", "none]"}) {
    root.write(name, text);
    EXPECT_FALSE(facts_of(root).lockdown) << text;
  }
}

TEST(PreemptionMode, IsTheWordInParentheses) {
  const TemporaryDirectory root;
  EXPECT_FALSE(facts_of(root).preemption_mode);
  root.write("sys/kernel/debug/sched/preempt", "none voluntary (full) lazy \n");
  EXPECT_EQ(facts_of(root).preemption_mode, "full");
}

TEST(FuseDriverFound, IsAModuleIfItHasAState) {
  const TemporaryDirectory root;
  root.write("sys/module/fuse/initstate", "live\n");
  EXPECT_EQ(facts_of(root).fuse, FuseDriver::module);
}

TEST(FuseDriverFound, IsBuiltInIfItHasNone) {
  const TemporaryDirectory root;
  root.write("sys/module/fuse/parameters/max_user_bgreq", "1\n");
  EXPECT_EQ(facts_of(root).fuse, FuseDriver::built_in);
}

TEST(FuseDriverFound, IsThereIfItIsAFilesystem) {
  const TemporaryDirectory root;
  root.write("proc/filesystems", "nodev\tsysfs\n\tfuseblk\nnodev\tfusectl\n");
  EXPECT_EQ(facts_of(root).fuse, FuseDriver::not_loaded);
  root.write("proc/filesystems", "nodev\tsysfs\nnodev\tfuse\n");
  EXPECT_EQ(facts_of(root).fuse, FuseDriver::built_in);
}

TEST(FuseTypesFound, AreThoseOfTheModule) {
  const TemporaryDirectory root;
  root.write("sys/kernel/btf/vmlinux", "");
  root.write("sys/module/fuse/initstate", "live\n");
  EXPECT_EQ(facts_of(root).fuse_types, FuseTypes::none);
  root.write("sys/kernel/btf/fuse", "");
  EXPECT_EQ(facts_of(root).fuse_types, FuseTypes::of_module);
}

TEST(FuseTypesFound, AreThoseOfTheKernelThatHasFuseBuiltIn) {
  const TemporaryDirectory root;
  root.write("sys/module/fuse/uevent", "");
  EXPECT_EQ(facts_of(root).fuse_types, FuseTypes::none);
  root.write("sys/kernel/btf/vmlinux", "");
  EXPECT_EQ(facts_of(root).fuse_types, FuseTypes::of_kernel);
}

TEST(KprobeEventsFound, AreInEitherPlaceOfTracefs) {
  for (const char* directory : {"sys/kernel/tracing", "sys/kernel/debug/tracing"}) {
    const TemporaryDirectory root;
    root.write(std::string(directory) + "/events/enable", "");
    EXPECT_EQ(facts_of(root).kprobe_events, KprobeEvents::not_built_in) << directory;
    root.write(std::string(directory) + "/kprobe_events", "");
    EXPECT_EQ(facts_of(root).kprobe_events, KprobeEvents::writable) << directory;
  }
}

TEST(KprobeEventsFound, AreNoneInAnEmptyDirectory) {
  const TemporaryDirectory root;
  root.write("sys/kernel/tracing/file", "");
  EXPECT_EQ(facts_of(root).kprobe_events, KprobeEvents::not_built_in);
  root.write("sys/bus/event_source/devices/kprobe/type", "8");
  EXPECT_EQ(facts_of(root).kprobe_events, KprobeEvents::no_tracefs);
}

// Root may write anything: the question is asked by another user, in a process of its own.
[[noreturn]] void ask_as_nobody(const std::string& root, KprobeEvents expected) {
  if (geteuid() == 0 && setuid(65534) != 0) std::exit(2);
  std::exit(read_kernel(root).kprobe_events == expected ? 0 : 1);
}

TEST(KprobeEventsFound, MayNotBeWritable) {
  const TemporaryDirectory root;
  root.write("sys/kernel/tracing/kprobe_events", "");
  ASSERT_EQ(chmod(root.path().c_str(), 0755), 0);
  ASSERT_EQ(chmod((root.path() + "/sys/kernel/tracing/kprobe_events").c_str(), 0444), 0);
  EXPECT_EXIT(ask_as_nobody(root.path(), KprobeEvents::not_writable), testing::ExitedWithCode(0),
              "");
}

TEST(UserNamespace, IsTheHostsIfAllNumbersAreMappedToThemselves) {
  const TemporaryDirectory root;
  root.write("proc/self/uid_map", "         0          0 4294967295\n");
  EXPECT_TRUE(facts_of(root).is_host_user_namespace);
  for (const char* map :
       {"0 1000 1\n", "0 100000 65536\n", "0 0 65536\n", "1000 1000 1\n", "nonsense\n"}) {
    root.write("proc/self/uid_map", map);
    EXPECT_FALSE(facts_of(root).is_host_user_namespace) << map;
  }
}

TEST(Kernel, IsFoundOnThisMachine) {
  const KernelFacts kernel = read_kernel();
  EXPECT_FALSE(kernel.release.empty());
  EXPECT_TRUE(kernel.version.starts_with("#")) << kernel.version;
}

}  // namespace
}  // namespace fusescope
