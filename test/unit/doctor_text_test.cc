// SPDX-License-Identifier: Apache-2.0
#include "agent/text/doctor_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/text/doctor_json.h"
#include "test/unit/sample_diagnosis.h"

namespace fusescope {
namespace {

using nlohmann::json;

std::size_t count_of(const std::string& text, const std::string& words) {
  std::size_t count = 0;
  for (auto at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) count++;
  return count;
}

std::string last_line(const std::string& text) {
  return text.substr(text.rfind('\n', text.size() - 2) + 1);
}

TEST(DoctorText, EndsWithTheVerdict) {
  EXPECT_EQ(last_line(doctor_text(healthy_diagnosis())),
            "works (exit 0): all roles are filled, and exact\n");
}

TEST(DoctorText, ShowsEachRole) {
  Diagnosis diagnosis = healthy_diagnosis();
  role_of(diagnosis, Role::taken) = hook_status(Role::taken, RoleState::missing);
  role_of(diagnosis, Role::call) = hook_status(Role::call, RoleState::estimate);
  const std::string text = doctor_text(diagnosis);
  EXPECT_NE(text.find("sent       function good  kprobe  exact\n"), std::string::npos) << text;
  EXPECT_NE(text.find("taken      -              -       missing\n"), std::string::npos) << text;
  EXPECT_NE(text.find("call       function good  kprobe  estimate\n"), std::string::npos) << text;
  EXPECT_NE(text.find("degraded (exit 1): missing taken; estimated call. Way out: "),
            std::string::npos);
}

TEST(DoctorText, PrintsAReasonOnce) {
  EXPECT_EQ(count_of(doctor_text(healthy_diagnosis()), kRefusal), 1U);
  EXPECT_EQ(count_of(doctor_text(healthy_diagnosis()), "function bad  (1)"), 5U);
}

TEST(DoctorText, PrintsReasonsOnceThatDifferOnlyInANameTheySay) {
  Diagnosis diagnosis = healthy_diagnosis();
  for (HookStatus& role : diagnosis.roles) {
    role.attempts[0].reason = std::string("load: no type '") + name_of(role.role) + "' here";
  }
  EXPECT_EQ(count_of(doctor_text(diagnosis), "(1) load: no type '...' here\n"), 1U);
  diagnosis.roles.resize(1);
  EXPECT_EQ(count_of(doctor_text(diagnosis), "(1) load: no type 'allocated' here\n"), 1U);
}

TEST(DoctorText, KeepsReasonsApartThatHaveAnApostrophe) {
  Diagnosis diagnosis = healthy_diagnosis();
  role_of(diagnosis, Role::sent).attempts[0].reason = "can't do this";
  role_of(diagnosis, Role::taken).attempts[0].reason = "can't do that";
  EXPECT_EQ(count_of(doctor_text(diagnosis), "can't do this"), 1U);
  EXPECT_EQ(count_of(doctor_text(diagnosis), "can't do that"), 1U);
}

TEST(DoctorText, ShowsAnAlternativeOnceThatWasRefusedTwiceAlike) {
  Diagnosis diagnosis = healthy_diagnosis();
  HookStatus& sent = role_of(diagnosis, Role::sent);
  sent.attempts.insert(
      sent.attempts.begin(),
      {.mode = HookMode::fentry, .needs = "other", .reason = "why", .program = ""});
  sent.attempts.insert(sent.attempts.begin(), sent.attempts[1]);
  EXPECT_EQ(count_of(doctor_text(diagnosis), "function bad  (1)"), 5U) << doctor_text(diagnosis);
}

TEST(DoctorText, IsAtMost100ColumnsWideAndCutsLongReasons) {
  Diagnosis diagnosis = healthy_diagnosis();
  std::string reason = "load: Invalid argument:";
  for (int i = 0; i < 1000; i++) reason += " register" + std::to_string(i);
  for (HookStatus& role : diagnosis.roles) role = hook_status(Role::call, RoleState::missing);
  diagnosis.roles[0].attempts[0].reason = reason;
  std::istringstream lines(doctor_text(diagnosis));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
  EXPECT_EQ(count_of(doctor_text(diagnosis), " ...\n"), 1U);
  EXPECT_EQ(json::parse(doctor_json(diagnosis))["roles"][0]["trials"][0]["reason"], reason);
}

TEST(DoctorText, SendsNoControlCharacterToTheTerminal) {
  Diagnosis diagnosis = healthy_diagnosis();
  diagnosis.kernel.release = "\x1b[31m";
  diagnosis.kernel.lockdown = "\x07";
  diagnosis.roles[0].attempts[0].reason = "\x1b]0;owned\x07";
  EXPECT_EQ(doctor_text(diagnosis).find_first_of("\x1b\x07"), std::string::npos);
}

TEST(DoctorText, SaysWhyNoHookCouldBeTried) {
  Diagnosis diagnosis = healthy_diagnosis();
  diagnosis.roles.clear();
  diagnosis.error = "create a BPF map: Operation not permitted";
  diagnosis.capabilities[0] = {"CAP_BPF", false, Loss::all_hooks, "nothing works"};
  const std::string text = doctor_text(diagnosis);
  EXPECT_NE(text.find(diagnosis.error), std::string::npos);
  EXPECT_NE(text.find("CAP_BPF        MISSING  nothing works\n"), std::string::npos) << text;
  EXPECT_NE(text.find("CAP_SYS_ADMIN  MISSING  not needed here\n"), std::string::npos) << text;
  EXPECT_EQ(
      last_line(text),
      "unusable (exit 2): no hook could be tried. Way out: run it as root, or with CAP_BPF\n");
}

TEST(DoctorText, SaysWhatIsUnknown) {
  Diagnosis diagnosis;
  const std::string text = doctor_text(diagnosis);
  EXPECT_NE(text.find("lockdown                   unknown"), std::string::npos) << text;
  EXPECT_NE(text.find("perf_event_paranoid        unknown"), std::string::npos) << text;
  EXPECT_NE(text.find("not loaded"), std::string::npos) << text;
}

TEST(DoctorText, SaysWhatIsTakenForALimitThatCannotBeRead) {
  Diagnosis diagnosis = healthy_diagnosis();
  EXPECT_EQ(json::parse(doctor_json(diagnosis))["kernel"]["fuse_max_pages_guess"], nullptr);
  diagnosis.kernel.max_pages_limit.reset();
  diagnosis.kernel.max_pages_guess = "read x: Permission denied: 256 pages are taken";
  const std::string text = doctor_text(diagnosis);
  EXPECT_NE(text.find("max_pages_limit            unknown, see below\n"), std::string::npos)
      << text;
  EXPECT_NE(text.find("\n  read x: Permission denied: 256 pages are taken"), std::string::npos)
      << text;
  EXPECT_EQ(json::parse(doctor_json(diagnosis))["kernel"]["fuse_max_pages_guess"],
            diagnosis.kernel.max_pages_guess);
}

TEST(DoctorJson, IsOneLine) {
  const std::string line = doctor_json(healthy_diagnosis());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(DoctorJson, SaysWhatTheTableSays) {
  Diagnosis diagnosis = healthy_diagnosis();
  role_of(diagnosis, Role::taken) = hook_status(Role::taken, RoleState::missing);
  const json object = json::parse(doctor_json(diagnosis));
  EXPECT_EQ(object["verdict"], "degraded");
  EXPECT_EQ(object["exit_code"], 1);
  EXPECT_EQ(object["hooks"], "auto");
  EXPECT_EQ(object["kernel"]["fuse"], "built_in");
  EXPECT_EQ(object["kernel"]["fuse_max_pages_limit"], 256);
  EXPECT_EQ(object["kernel"]["bpf_stats_enabled"], false);
  EXPECT_EQ(object["roles"][1]["role"], "sent");
  EXPECT_EQ(object["roles"][1]["required"], true);
  EXPECT_EQ(object["roles"][1]["state"], "exact");
  EXPECT_EQ(object["roles"][1]["programs"], json({"kprobe_sent"}));
  EXPECT_EQ(object["roles"][2]["state"], "missing");
  EXPECT_EQ(object["roles"][2]["hook"], nullptr);
  EXPECT_EQ(object["roles"][2]["trials"][0]["reason"], kRefusal);
  EXPECT_EQ(object["roles"][2]["trials"][0]["program"], "fentry_taken");
  EXPECT_EQ(object["roles"][1]["trials"][1]["program"], nullptr);
  EXPECT_EQ(object["capabilities"][1],
            json({{"name", "CAP_SYS_ADMIN"}, {"effective", false}, {"cost", nullptr}}));
}

TEST(DoctorJson, HasTheSameFieldsIfNothingIsKnown) {
  const json full = json::parse(doctor_json(healthy_diagnosis()));
  const json empty = json::parse(doctor_json({}));
  for (const auto& [name, value] : full.items()) EXPECT_TRUE(empty.contains(name)) << name;
  for (const auto& [name, value] : full["kernel"].items()) {
    EXPECT_TRUE(empty["kernel"].contains(name)) << name;
  }
  EXPECT_EQ(empty["kernel"]["lockdown"], nullptr);
  EXPECT_EQ(empty["roles"], json::array());
}

TEST(DoctorJson, IsUtf8WhateverTheKernelSays) {
  Diagnosis diagnosis = healthy_diagnosis();
  diagnosis.kernel.release = "\xff\x1b";
  diagnosis.roles[0].attempts[0].reason = "\xc3(";
  const json object = json::parse(doctor_json(diagnosis));
  EXPECT_EQ(object["kernel"]["release"], "\\xff\x1b");
  EXPECT_EQ(object["roles"][0]["trials"][0]["reason"], "\\xc3(");
}

TEST(DoctorJson, IsUtf8WhateverTheModeOfPreemption) {
  Diagnosis diagnosis = healthy_diagnosis();
  diagnosis.kernel.preemption_mode = "\x90";
  EXPECT_EQ(json::parse(doctor_json(diagnosis))["kernel"]["preemption"], "PREEMPT_DYNAMIC (\\x90)");
}

}  // namespace
}  // namespace fusescope
