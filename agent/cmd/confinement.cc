// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/confinement.h"

#include <spdlog/spdlog.h>

namespace fusescope {
namespace {

// The kernels that let a thread without privileges read a BPF map do not need CAP_BPF to be kept.
Kept rights_for_reading(const Telemetry& telemetry) {
  if (telemetry.needs_privileges()) return {.cap_bpf = true};
  const auto read = run_without_privileges({}, [&] { return telemetry.check_reading(); });
  return {.cap_bpf = !read};
}

}  // namespace

Confiner::Confiner(const Telemetry& telemetry, std::shared_ptr<Broker> broker)
    : telemetry_(telemetry), broker_(std::move(broker)), kept_(rights_for_reading(telemetry)) {}

Result<void> Confiner::run(const std::function<Result<void>()>& start) {
  if (telemetry_.needs_privileges()) {
    if (auto waiting = wait_for_attaching(); !waiting) return waiting;
    return run_without_privileges(kept_, start);
  }
  if (auto confined = confine(); !confined) return confined;
  return start();
}

Result<void> Confiner::wait_for_attaching() {
  spdlog::info("privileges to attach hooks are kept: FUSE, or its module, may come later");
  const auto remaining = keep_privileges_to_attach();
  if (!remaining) return std::unexpected(remaining.error());
  if (!remaining->system_calls.empty()) spdlog::warn("{}", remaining->system_calls);
  return {};
}

Result<void> Confiner::confine() {
  if (is_confined_) return {};
  const auto remaining = drop_privileges(kept_);
  if (!remaining) return std::unexpected(remaining.error());
  for (const std::string& reason : {remaining->user, remaining->system_calls}) {
    if (!reason.empty()) spdlog::warn("not confined: {}", reason);
  }
  user_ = remaining->user.empty();
  capabilities_ = !kept_.cap_bpf;
  system_calls_ = remaining->system_calls.empty();
  is_confined_ = true;
  return {};
}

Confinement Confiner::confinement() const {
  return {.user = user_,
          .capabilities = capabilities_,
          .system_calls = system_calls_,
          .broker = broker_->is_answering()};
}

}  // namespace fusescope
