// SPDX-License-Identifier: Apache-2.0
#include "agent/text/doctor_text.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/base/enum_name.h"
#include "agent/base/list_text.h"
#include "agent/model/label_text.h"
#include "agent/text/format.h"
#include "agent/text/table.h"

namespace fusescope {
namespace {

const char* text_of(FuseDriver driver) {
  switch (driver) {
    case FuseDriver::not_loaded: return "module, not loaded (or this kernel has none)";
    case FuseDriver::module: return "module, loaded";
    case FuseDriver::built_in: return "built in";
  }
  not_of_enum(driver);
}

const char* text_of(FuseTypes types) {
  switch (types) {
    case FuseTypes::none: return "none";
    case FuseTypes::of_module: return "those of the module";
    case FuseTypes::of_kernel: return "those of the kernel";
  }
  not_of_enum(types);
}

const char* text_of(KprobeEvents events) {
  switch (events) {
    case KprobeEvents::no_tracefs: return "no: tracefs is not mounted, or is empty";
    case KprobeEvents::not_built_in: return "no: this kernel is built without them";
    case KprobeEvents::not_writable: return "not writable by this user";
    case KprobeEvents::writable: return "writable";
  }
  not_of_enum(events);
}

std::string in_brackets(const std::string& text) { return " (" + text + ")"; }

std::string number_of(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "unknown";
}

std::string statistics_of(const KernelFacts& kernel) {
  if (!kernel.bpf_stats_enabled) return "unknown";
  return *kernel.bpf_stats_enabled ? "kept"
                                   : "not kept" + in_brackets("kernel.bpf_stats_enabled=0");
}

std::string kernel_text(const KernelFacts& kernel) {
  Table table;
  table.add({"release", printable(kernel.release)});
  table.add({"version", printable(kernel.version)});
  table.add({"preemption", preemption_of(kernel)});
  table.add({"types (BTF)", kernel.has_types ? "/sys/kernel/btf/vmlinux" : "none"});
  table.add({"FUSE", text_of(kernel.fuse)});
  table.add({"types of FUSE", text_of(kernel.fuse_types)});
  table.add({"lockdown", kernel.lockdown ? printable(*kernel.lockdown)
                                         : "unknown: no /sys/kernel/security/lockdown"});
  table.add({"kprobe events", text_of(kernel.kprobe_events)});
  table.add({"perf_event_paranoid", number_of(kernel.perf_event_paranoid)});
  table.add({"unprivileged_bpf_disabled", number_of(kernel.unprivileged_bpf_disabled)});
  table.add({"BPF statistics", statistics_of(kernel)});
  if (kernel.max_pages_limit) {
    table.add({"max_pages_limit", number_of(kernel.max_pages_limit) +
                                      in_brackets("fs.fuse.max_pages_limit, for every mount")});
  }
  if (!kernel.max_pages_guess.empty()) table.add({"max_pages_limit", "unknown, see below"});
  if (!kernel.is_host_user_namespace) table.add({"user namespace", "not the host's"});
  if (kernel.max_pages_guess.empty()) return table.text();
  return table.text() + wrapped("  ", printable(kernel.max_pages_guess), {.indent = 2}) + "\n";
}

std::string capabilities_text(const std::vector<CapabilityFinding>& capabilities) {
  Table table;
  for (const CapabilityFinding& each : capabilities) {
    const std::string cost = each.cost.empty() ? "not needed here" : each.cost;
    table.add({each.name, each.is_effective ? "yes" : "MISSING", each.is_effective ? "" : cost});
  }
  return table.text();
}

std::string hooks_text(const Diagnosis& diagnosis) {
  if (diagnosis.roles.empty()) {
    return wrapped("  none could be tried: ", printable(diagnosis.error), {.indent = 4}) + "\n";
  }
  Table table;
  table.add({"ROLE", "HOOK", "MODE", "STATE"});
  for (const HookStatus& role : diagnosis.roles) {
    table.add({name_of(role.role), or_none(hook_of(role)), role.mode ? name_of(*role.mode) : kNone,
               name_of(state_of(role))});
  }
  return table.text();
}

std::string unseen_text(const Diagnosis& diagnosis) {
  Table table;
  for (const HookStatus& role : diagnosis.roles) {
    const std::string unseen = unseen_of(role);
    if (!unseen.empty()) table.add({name_of(role.role), unseen});
  }
  return table.empty() ? ""
                       : "\nNot seen here (absent from the metrics, not zero)\n" + table.text();
}

// Reasons are long and much the same for all roles, but for the names in them: each is printed
// once, with a number.
class Reasons {
 public:
  std::string number_of(const std::string& reason) {
    const std::string kind = without_names(reason);
    auto found = std::ranges::find(reasons_, kind, &Reason::kind);
    if (found == reasons_.end()) found = reasons_.insert(found, {.kind = kind, .text = reason});
    if (found->text != reason) found->text = kind;
    return number(static_cast<std::size_t>(found - reasons_.begin()));
  }

  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t i = 0; i < reasons_.size(); i++) {
      const std::string start = "  " + number(i) + " ";
      text += wrapped(start, printable(reasons_[i].text), {.indent = start.size()}) + "\n";
    }
    return text;
  }

 private:
  struct Reason {
    std::string kind;
    std::string text;
  };

  static std::string without_names(const std::string& reason) {
    std::string text;
    bool is_quoted = false;
    for (const char character : reason) {
      const bool is_quote = character == '\'';
      if (is_quote && is_quoted) text += "...";
      if (is_quote || !is_quoted) text += character;
      is_quoted ^= is_quote;
    }
    return is_quoted ? reason : text;
  }

  static std::string number(std::size_t index) {
    const std::string digits = std::to_string(index + 1);
    return "(" + digits + ")";
  }

  std::vector<Reason> reasons_;
};

// With typed pointers and without, a hook is mostly refused alike: one row for both.
void add_refused(Table& table, Reasons& reasons, const HookStatus& status) {
  std::set<std::vector<std::string>> seen;
  std::string name = name_of(status.role);
  for (const HookAttempt& attempt : status.attempts) {
    if (attempt.reason.empty()) continue;
    std::vector<std::string> row = {name_of(attempt.mode), attempt.needs,
                                    reasons.number_of(attempt.reason)};
    if (!seen.insert(row).second) continue;
    row.insert(row.begin(), std::exchange(name, ""));
    table.add(row);
  }
}

std::string refused_text(const Diagnosis& diagnosis) {
  Table table;
  Reasons reasons;
  for (const HookStatus& role : diagnosis.roles) add_refused(table, reasons, role);
  if (table.empty()) return "";
  return "\nRefused, each for the reason of its number\n" + table.text() + "\n" + reasons.text();
}

std::string roles_in(const Diagnosis& diagnosis, RoleState state) {
  std::string names;
  for (const HookStatus& role : diagnosis.roles) {
    if (state_of(role) != state) continue;
    add_to_list(names, name_of(role.role));
  }
  return names;
}

std::string finding_of(const Diagnosis& diagnosis) {
  const Verdict verdict = verdict_of(diagnosis);
  if (verdict == Verdict::works) return "all roles are filled, and exact";
  if (diagnosis.roles.empty()) return "no hook could be tried";
  constexpr std::pair<RoleState, const char*> kTroubles[] = {{RoleState::missing, "missing"},
                                                             {RoleState::estimate, "estimated"},
                                                             {RoleState::lossy, "lossy"}};
  std::string text;
  for (const auto& [state, word] : kTroubles) {
    const std::string roles = roles_in(diagnosis, state);
    if (!roles.empty()) add_to_list(text, std::string(word) + " " + roles, "; ");
  }
  return text;
}

std::string verdict_text(const Diagnosis& diagnosis) {
  const Verdict verdict = verdict_of(diagnosis);
  std::string text = finding_of(diagnosis);
  std::string ways;
  for (const std::string& way : ways_out(diagnosis)) add_to_list(ways, way, "; or ");
  if (!ways.empty()) text += ". Way out: " + ways;
  const std::string start =
      std::string(name_of(verdict)) + " (exit " + std::to_string(static_cast<int>(verdict)) + "): ";
  return wrapped(start, text, {.indent = 2, .lines = 8}) + "\n";
}

}  // namespace

std::string doctor_text(const Diagnosis& diagnosis) {
  return "Kernel\n" + kernel_text(diagnosis.kernel) + "\nCapabilities\n" +
         capabilities_text(diagnosis.capabilities) +
         "\nHooks (--hooks=" + name_of(diagnosis.asked_for) + ")" + "\n" + hooks_text(diagnosis) +
         unseen_text(diagnosis) + refused_text(diagnosis) + "\n" + verdict_text(diagnosis);
}

}  // namespace fusescope
