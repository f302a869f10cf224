// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/telemetry.h"

#include <spdlog/fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "agent/export/families.h"
#include "agent/export/process_metrics.h"
#include "agent/host/capabilities.h"
#include "agent/host/host_limits.h"
#include "agent/host/kernel.h"
#include "agent/model/mount_look.h"
#include "agent/text/live_json.h"

namespace fusescope {
namespace {

constexpr const char* kWaiting = "waiting for FUSE: its module is not loaded";

// A role that nothing fills is no failure of this start: most kernels have some.
void log_hooks(const Session& session) {
  std::vector<std::string> missing;
  for (const HookStatus& hook : session.hooks()) {
    const char* role = name_of(hook.role);
    if (hook.programs.empty()) {
      missing.emplace_back(role);
      spdlog::debug("role {}: no hook: {}", role, hook.reason);
    } else {
      spdlog::info("role {}: {} ({}){}", role, name_of(*hook.mode), fmt::join(hook.programs, ", "),
                   hook.may_skip ? "; " + unseen_of(hook) : "");
    }
  }
  if (!session.walks_refusal().empty()) {
    spdlog::warn(
        "open /dev/fuse cannot be listed: {}: the limits of a mount are those of its last request, "
        "and requests that were sent before the start are not seen",
        session.walks_refusal());
  }
  if (missing.empty()) return;
  spdlog::info(
      "no hook on this kernel for the roles {}: 'fusescope doctor' says what is not seen without "
      "them, and why",
      fmt::join(missing, ", "));
}

// Before the privileges are dropped.
HookConditions read_conditions() {
  HookConditions conditions{.kernel = read_kernel()};
  const auto costs = examine_capabilities(effective_capabilities(), conditions.kernel);
  conditions.has_privileges = std::ranges::none_of(
      costs, [](const CapabilityFinding& each) { return each.loss >= Loss::some_hooks; });
  return conditions;
}

// No hook, no mount: only the agent itself.
Snapshot waiting_snapshot() {
  Snapshot snapshot;
  for (const Role role : kRoles) {
    HookStatus& status = snapshot.self.hooks.emplace_back();
    status.role = role;
    status.reason = kWaiting;
  }
  return snapshot;
}

}  // namespace

Result<void> Telemetry::start() {
  module_ = fuse_module();
  if (module_.present) return attach();
  conditions_ = read_conditions();
  spdlog::info("{}", kWaiting);
  return {};
}

Result<void> Telemetry::attach() {
  conditions_ = read_conditions();
  if (const std::string guess = guess_of(read_host_limits()); !guess.empty())
    spdlog::warn("{}", guess);
  auto observed = Observation::start({.hooks = mode_, .processes = processes_, .walker = walker_});
  if (!observed) return std::unexpected(observed.error());
  log_hooks((*observed)->session());
  observed_ = std::move(*observed);
  return {};
}

// Attaches when FUSE has come, or has come again. What fails is tried again with the next module.
void Telemetry::follow_module() {
  const FuseModule now = fuse_module();
  if (now == module_) return;
  module_ = now;
  if (!now.present) {
    spdlog::info("{}", kWaiting);
    return;
  }
  followed_ = observed_ ? observed_->session().attach_again() : attach();
  if (!followed_) {
    spdlog::error("FUSE was loaded: {}", followed_.error().text);
  } else {
    spdlog::info("FUSE was loaded: hooks are attached");
  }
}

void Telemetry::keep_house() {
  const std::lock_guard lock(mutex_);
  follow_module();
  if (!observed_) return;
  if (auto kept = observed_->collector().keep_house(); !kept)
    spdlog::error("{}", kept.error().text);
  log_walk();
}

void Telemetry::log_walk() {
  const std::string complaint = observed_->collector().walk_complaint();
  if (complaint != walk_complaint_ && !complaint.empty()) spdlog::warn("{}", complaint);
  walk_complaint_ = complaint;
}

// Each since the last scrape; where they come more often, since one of ten seconds ago or more.
std::vector<MountState> Telemetry::states_of(const Snapshot& snapshot) {
  const auto now = Recent::Clock::now();
  if (scraped_.is_due(now)) scraped_.add(now, snapshot);
  const HostLimits host = read_host_limits();
  std::vector<MountState> states;
  for (const MountSnapshot& mount : snapshot.mounts) {
    states.push_back(look_at(mount, scraped_, host, rule_).finding.state);
  }
  return states;
}

Result<void> Telemetry::scrape(const WebStatus& web, TakeText take) {
  const auto begin = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  auto snapshot = observed_ ? observed_->collector().collect() : waiting_snapshot();
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto states = states_of(*snapshot);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  Exposition text(std::move(take));
  each_family(*snapshot,
              {.version = FUSESCOPE_VERSION,
               .revision = FUSESCOPE_REVISION,
               .scrape_seconds = elapsed.count(),
               .states = states,
               .web = web,
               .conditions = conditions_},
              [&text](prometheus::MetricFamily family) { text.add(std::move(family)); });
  for (prometheus::MetricFamily& family : process_families()) text.add(std::move(family));
  return {};
}

Result<std::string> Telemetry::live() {
  const std::lock_guard lock(mutex_);
  const auto now = Recent::Clock::now();
  if (recent_.is_due(now)) {
    auto snapshot = observed_ ? observed_->collector().look() : waiting_snapshot();
    if (!snapshot) return std::unexpected(snapshot.error());
    recent_.add(now, std::move(*snapshot));
  }
  return live_json({.recent = recent_,
                    .host = read_host_limits(),
                    .rule = rule_,
                    .waiting = module_.present ? "" : kWaiting});
}

Result<std::string> Telemetry::state() const {
  const std::lock_guard lock(mutex_);
  if (!module_.present) return kWaiting;
  if (!followed_) return std::unexpected(followed_.error());
  return "its hooks are attached";
}

bool Telemetry::needs_privileges() const {
  const std::lock_guard lock(mutex_);
  if (!observed_ || !module_.present) return true;
  // fentry keeps the module from being unloaded; a kprobe goes with it.
  const bool uses_kprobes =
      std::ranges::any_of(observed_->session().hooks(),
                          [](const HookStatus& hook) { return hook.mode == HookMode::kprobe; });
  return module_.loadable && uses_kprobes;
}

Result<void> Telemetry::check_reading() const {
  const std::lock_guard lock(mutex_);
  if (!observed_) return {};
  const auto devices = observed_->reader().devices();
  return devices ? Result<void>{} : std::unexpected(devices.error());
}

}  // namespace fusescope
