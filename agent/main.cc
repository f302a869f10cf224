// SPDX-License-Identifier: Apache-2.0
// Picks the command and turns its result into an exit code: 0 is success, 2 is a refusal.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "agent/cmd/serve.h"

namespace {

constexpr int kRefused = 2;

int refuse(const std::string& text) {
  std::fprintf(stderr, "fusescope: %s\n", text.c_str());
  return kRefused;
}

constexpr const char* kServeExamples = R"(Examples:
  fusescope serve
      metrics on http://localhost:10980/metrics
  fusescope serve --web.listen-address=127.0.0.1:9999 --log.format=json
      on another port, for this host only
Needs root, or CAP_BPF and CAP_PERFMON; rights are dropped once the hooks are attached.)";

constexpr const char* kHookModes = "auto, fentry, kprobe or tracepoint";

// --hooks, the same for every command that attaches hooks.
void add_hooks(CLI::App& command, fusescope::HookMode& hooks) {
  command
      .add_option_function<std::string>(
          "--hooks",
          [&hooks](const std::string& name) {
            const auto mode = fusescope::mode_of_name(name);
            if (!mode) {
              throw CLI::ValidationError("--hooks", "'" + name + "' is none of " + kHookModes);
            }
            hooks = *mode;
          },
          std::string("how to hook the kernel: ") + kHookModes)
      ->default_str("auto")
      ->type_name("MODE");
}

void add_serve(CLI::App& app, fusescope::ServeOptions& options) {
  CLI::App& serve = *app.add_subcommand("serve", "the agent: Prometheus metrics over HTTP");
  serve
      .add_option("--web.listen-address", options.listen_addresses,
                  "HOST:PORT to listen on; may be given several times")
      ->capture_default_str()
      ->type_name("HOST:PORT")
      ->allow_extra_args(false);
  serve.add_option("--web.telemetry-path", options.telemetry_path, "path of the metrics")
      ->capture_default_str()
      ->type_name("PATH");
  add_hooks(serve, options.hooks);
  serve.add_option("--log.level", options.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  serve.add_option("--log.format", options.log_format, "logfmt or json")
      ->capture_default_str()
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"logfmt", "json"}));
  serve.footer(kServeExamples);
}

int run(int argc, char** argv) {
  CLI::App app{
      "fusescope shows whether I/O on FUSE mounts is split into more requests than it needs, why,\n"
      "what that costs and what to change."};
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("fusescope ") + FUSESCOPE_VERSION);
  app.footer("Try 'fusescope serve --help'.");
  fusescope::ServeOptions serve_options;
  add_serve(app, serve_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse(std::string(error.what()) + ": see 'fusescope serve --help'");
  }
  if (app.get_subcommands().empty()) return refuse("no command given: see 'fusescope --help'");
  if (auto result = fusescope::serve(serve_options); !result) return refuse(result.error().text);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return refuse(error.what());
  }
}
