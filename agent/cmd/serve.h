// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/base/error.h"
#include "agent/model/state.h"
#include "agent/probe/hooks.h"

namespace fusescope {

struct ServeOptions {
  std::vector<std::string> listen_addresses = {":10980"};
  bool systemd_socket = false;  // instead of the addresses
  std::string telemetry_path = "/metrics";
  std::string web_config_file;  // empty: none
  HookMode hooks = HookMode::automatic;
  StateRule rule;
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

// The agent: runs until SIGTERM or SIGINT; SIGHUP has it read the web config again. Fails, before
// anything is served, with the reason.
Result<void> serve(const ServeOptions& options);

}  // namespace fusescope
