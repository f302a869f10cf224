// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/service_manager.h"

#include <systemd/sd-daemon.h>

namespace fusescope {
namespace {

// The environment is kept for the next message.
void tell(const std::string& message) { sd_notify(/*unset_environment=*/0, message.c_str()); }

}  // namespace

void tell_ready(const std::string& status) { tell("READY=1\nSTATUS=" + status); }

void tell_alive() { tell("WATCHDOG=1"); }

void tell_stopping() { tell("STOPPING=1"); }

}  // namespace fusescope
