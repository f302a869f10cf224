// SPDX-License-Identifier: Apache-2.0
// Picks the command and turns its result into an exit code: that of the command, or 2 for a
// refusal.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "agent/cmd/doctor.h"
#include "agent/cmd/output.h"
#include "agent/cmd/serve.h"
#include "agent/cmd/stat.h"
#include "agent/cmd/top.h"
#include "agent/cmd/trace.h"
#include "agent/cmd/verify.h"
#include "agent/model/label_text.h"

namespace {

constexpr int kRefused = 2;

int refuse(const std::string& text) {
  std::fprintf(stderr, "fusescope: %s\n", fusescope::printable(text).c_str());
  return kRefused;
}

constexpr const char* kServeExamples = R"(Examples:
  fusescope serve
      metrics on http://localhost:10980/metrics
  fusescope serve --web.listen-address=127.0.0.1:9999 --log.format=json
      on another port, for this host only
  fusescope serve --web.config.file=/etc/fusescope/web.yml
      over TLS, or with passwords: docs/security.md has an example; read again when it changes
SIGHUP has it read that file again at once, with the certificates that it names; SIGTERM and SIGINT
end it.
Needs root, or CAP_BPF and CAP_PERFMON; privileges are dropped once the hooks are attached.)";

constexpr const char* kDoctorExamples = R"(Examples:
  fusescope doctor
      what this kernel offers, what fills each role, and why the rest was refused
  fusescope doctor --hooks=kprobe
      whether kprobes alone would do
  fusescope doctor --json | jq -r '.roles[] | select(.state != "exact") | .role, .reason'
      for programs: one object on one line, see docs/json.md
Exit code: 0 all roles are filled and exact, 1 degraded, 2 nothing works.
Needs root, or CAP_BPF and CAP_PERFMON; without, it says what it can. Nothing stays attached.)";

constexpr const char* kStatExamples = R"(Examples:
  fusescope stat -- dd if=/mnt/image of=/dev/null bs=1M iflag=direct
      runs the command, then a table of its FUSE I/O on standard error
  fusescope stat -p 4711
      a process that runs already, with its descendants, until it ends or Ctrl-C
  fusescope stat -p 4711 -- sleep 10
      the same, for ten seconds
  fusescope stat --json -o io.json --fail-on-split -- ./benchmark
      for programs: one object on one line, see docs/json.md; exit code 1 if calls took more
      requests than this host needs
Exit code: that of the command (128 + n: ended by signal n; 126 and 127: it could not be run); 2:
nothing could be counted, and the command was not run.
Needs root, or CAP_BPF and CAP_PERFMON; the command runs with the same privileges.)";

constexpr const char* kTopExamples = R"(Examples:
  fusescope top
      every mount, the worst first; h shows the keys, p the processes, q quits
  fusescope top -d 0.5
      refreshed twice a second
  fusescope top -n 1 -d 10 > table.txt
      what the next ten seconds bring, as a plain table: so wherever the output is no terminal
Exit code: 0, or 2 if nothing could be counted.
Needs root, or CAP_BPF and CAP_PERFMON.)";

constexpr const char* kVerifyExamples = R"(Examples:
  fusescope verify /mnt/volume
      whether preadv and pwritev of 256 x 4 KiB are merged into as few requests as they can be
  fusescope verify --file /mnt/volume/disk.img /mnt/volume
      writes nothing: reads this file, and judges reads alone
  fusescope verify --unaligned /mnt/volume
      the verdict is about buffers that begin 512 bytes into a page: they need two slots each
  fusescope verify --json /mnt/volume | jq -r '.ops[] | .op, .mode, .verdict, .cause, .remedy'
      for programs: one object on one line, see docs/json.md
It writes a file of 4 MiB there, and removes it. Where it cannot, it reads a file of 1 MiB or more
that it finds there. Reads and writes are tested each by itself, with O_DIRECT and through the page
cache; what could not be tested says why.
Exit code: 0 ok, 1 limited or broken, 2 it could not be tested.
Needs root, or CAP_BPF and CAP_PERFMON.)";

constexpr const char* kTraceExamples = R"(Examples:
  fusescope trace --mount /mnt/volume --split-only
      a line for each read or write of that mount that took several requests, and why
  fusescope trace --requests --slower 10
      each request of the host that took longer than 10 ms
  fusescope trace --comm postgres --op write --duration 60
      the writes of these processes, for a minute
  fusescope trace --json --count 1000 | jq -r 'select(.kind == "call") | .cause'
      for programs: one object a line, see docs/json.md
MS is the latency in milliseconds. Where the functions of calls are not hooked (role "call" of
'fusescope doctor' is an estimate) that of a call is from its first request sent to its last one
ended, and calls without a request are not seen. "?" means not known, "-" means none.
--mount takes the mount from the path's text: it is not looked up, and links are not followed.
Exit code: 0; 2: nothing could be traced. Records that --buffer-bytes has no room for are counted.
Needs root, or CAP_BPF and CAP_PERFMON.)";

constexpr const char* kHookModes = "auto, fentry, kprobe or tracepoint";

// --hooks, the same for every command that attaches hooks.
void add_hooks(CLI::App& command, fusescope::HookMode& hooks) {
  command
      .add_option_function<std::string>(
          "--hooks",
          [&hooks](const std::string& name) {
            const auto mode = fusescope::hook_mode_of(name);
            if (!mode) {
              throw CLI::ValidationError("--hooks", "'" + name + "' is none of " + kHookModes);
            }
            hooks = *mode;
          },
          std::string("how to hook the kernel: ") + kHookModes)
      ->default_str("auto")
      ->type_name("MODE");
}

// --hung-after, the same for every command that tells states.
void add_hung_after(CLI::App& command, fusescope::StateRule& rule) {
  command
      .add_option("--hung-after", rule.hung_after,
                  "a mount is hung when its oldest request is older than this")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86400.0))
      ->type_name("SECONDS");
}

void add_serve(CLI::App& app, fusescope::ServeOptions& options) {
  CLI::App& serve = *app.add_subcommand("serve", "the agent: Prometheus metrics over HTTP");
  serve
      .add_option("--web.listen-address", options.listen_addresses,
                  "HOST:PORT to listen on; may be given several times")
      ->capture_default_str()
      ->type_name("HOST:PORT")
      ->allow_extra_args(false);
  serve.add_flag("--web.systemd-socket", options.systemd_socket,
                 "listen on the sockets of fusescope.socket instead");
  serve
      .add_option(
          "--web.config.file", options.web_config_file,
          "TLS, client certificates and passwords, as the exporters of Prometheus have them")
      ->type_name("FILE");
  serve.add_option("--web.telemetry-path", options.telemetry_path, "path of the metrics")
      ->capture_default_str()
      ->type_name("PATH");
  add_hooks(serve, options.hooks);
  add_hung_after(serve, options.rule);
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

// Ends when it is told to, which is success.
fusescope::Result<int> run_serve(const fusescope::ServeOptions& options) {
  if (auto served = fusescope::serve(options); !served) return std::unexpected(served.error());
  return 0;
}

void add_doctor(CLI::App& app, fusescope::DoctorOptions& options) {
  CLI::App& doctor =
      *app.add_subcommand("doctor", "which hooks this kernel allows, and what is missing and why");
  add_hooks(doctor, options.hooks);
  doctor.add_flag("--json", options.json, "one JSON object instead of tables");
  doctor.footer(kDoctorExamples);
}

void add_stat(CLI::App& app, fusescope::StatOptions& options) {
  CLI::App& stat = *app.add_subcommand(
      "stat", "the FUSE I/O of one command, or of one process, with all processes that it makes");
  add_hooks(stat, options.hooks);
  stat.add_option("-p,--pid", options.process, "count this process, which runs already")
      ->type_name("PID")
      ->check(CLI::PositiveNumber);
  stat.add_option("-o,--output", options.output, "write the report there, not to standard error")
      ->type_name("FILE");
  stat.add_flag("--json", options.json, "one JSON object instead of tables");
  stat.add_flag("--fail-on-split", options.fail_on_split,
                "exit code 1 if the command succeeded, but its I/O calls took more requests than "
                "they need on this host");
  stat.add_option("COMMAND", options.command, "what to run, with its arguments")
      ->type_name("COMMAND...");
  stat.positionals_at_end();
  stat.footer(kStatExamples);
}

void add_top(CLI::App& app, fusescope::TopOptions& options) {
  CLI::App& top = *app.add_subcommand("top", "what mounts and processes do now, as a live table");
  add_hooks(top, options.hooks);
  top.add_option("-d,--delay", options.interval, "refresh after so many seconds")
      ->capture_default_str()
      ->check(CLI::Range(0.2, 60.0))
      ->type_name("SECONDS");
  top.add_option("-n,--count", options.count, "end after so many refreshes")
      ->check(CLI::PositiveNumber)
      ->type_name("COUNT");
  top.add_flag("-p,--processes", options.by_process, "begin with the processes");
  add_hung_after(top, options.rule);
  top.footer(kTopExamples);
}

void add_verify(CLI::App& app, fusescope::VerifyOptions& options) {
  CLI::App& verify = *app.add_subcommand(
      "verify", "whether this mount's I/O is merged into as few requests as it can be");
  verify.add_option("DIR", options.directory, "a directory of the FUSE mount")
      ->required()
      ->type_name("");
  add_hooks(verify, options.hooks);
  verify.add_flag("--json", options.json, "one JSON object instead of a table");
  verify
      .add_option(
          "--file", options.file,
          "read this file of the mount, and write nothing (default: a file of its own; where "
          "none can be made, one that is there is read)")
      ->type_name("FILE");
  verify.add_flag("--unaligned", options.unaligned,
                  "the verdict is about buffers that begin 512 bytes into a page");
  verify.add_flag("--no-timing", options.no_timing,
                  "only count: a second instead of five, and a speed that is a guess");
  verify
      .add_option_function<unsigned>(
          "--timeout",
          [&options](unsigned seconds) { options.timeout = std::chrono::seconds(seconds); },
          "after so many seconds the verdict is that of what was counted so far")
      ->default_str("60")
      ->check(CLI::Range(1U, 86400U))
      ->type_name("SECONDS");
  verify.footer(kVerifyExamples);
}

void add_trace_filters(CLI::App& trace, fusescope::TraceOptions& options) {
  trace.add_option("--mount", options.mount, "only the FUSE mount that this path is on")
      ->type_name("DIR");
  trace.add_option("--pid", options.process, "only this process")
      ->type_name("PID")
      ->check(CLI::PositiveNumber);
  trace.add_option("--comm", options.comm, "only threads of this name")->type_name("NAME");
  trace.add_option("--op", options.op, "only read or write; of requests any, as getattr")
      ->type_name("OP");
  trace.add_flag("--split-only", options.split_only, "only calls of several requests");
  trace.add_option("--slower", options.slower_ms, "only what took longer than this")
      ->type_name("MS")
      ->check(CLI::Range(0.0, 1e9));
}

void add_trace(CLI::App& app, fusescope::TraceOptions& options) {
  CLI::App& trace = *app.add_subcommand("trace", "a line for each I/O call, or for each request");
  add_hooks(trace, options.hooks);
  trace.add_flag("--requests", options.requests, "requests instead of calls");
  add_trace_filters(trace, options);
  trace.add_option("--duration", options.seconds, "end after so many seconds")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 1e9));
  trace.add_option("--count", options.count, "end after so many lines")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  trace.add_flag("--json", options.json, "one JSON object a line");
  trace.add_option("--buffer-bytes", options.buffer_bytes, "of the records not yet printed")
      ->capture_default_str()
      ->type_name("BYTES")
      ->check(CLI::Range(4096U, 1U << 30));
  trace.footer(kTraceExamples);
}

// "fusescope serve --help", once a command was recognized.
std::string help_of(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  return "fusescope " + (commands.empty() ? "" : commands[0]->get_name() + " ") + "--help";
}

// The help, or the version, that was asked for.
int show(const CLI::App& app, const CLI::ParseError& asked) {
  std::ostringstream text;
  app.exit(asked, text, text);
  const auto printed = fusescope::print(text.str());
  return printed ? 0 : refuse(printed.error().text);
}

int run(int argc, char** argv, sighandler_t on_broken_pipe) {
  CLI::App app{
      "fusescope shows whether I/O on FUSE mounts is split into more requests than it needs, why,\n"
      "what that costs and what to change."};
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", std::string("fusescope ") + FUSESCOPE_VERSION);
  app.footer("Try 'fusescope serve --help'.");
  fusescope::ServeOptions serve_options;
  add_serve(app, serve_options);
  fusescope::DoctorOptions doctor_options;
  add_doctor(app, doctor_options);
  fusescope::StatOptions stat_options;
  stat_options.on_broken_pipe = on_broken_pipe;
  add_stat(app, stat_options);
  fusescope::TopOptions top_options;
  add_top(app, top_options);
  fusescope::VerifyOptions verify_options;
  add_verify(app, verify_options);
  fusescope::TraceOptions trace_options;
  add_trace(app, trace_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return show(app, error);
    return refuse(std::string(error.what()) + ": see '" + help_of(app) + "'");
  }
  const auto commands = app.get_subcommands();
  if (commands.empty()) return refuse("no command given: see 'fusescope --help'");
  const std::map<std::string, std::function<fusescope::Result<int>()>> runs = {
      {"serve", [&] { return run_serve(serve_options); }},
      {"doctor", [&] { return fusescope::doctor(doctor_options); }},
      {"stat", [&] { return fusescope::stat(stat_options); }},
      {"top", [&] { return fusescope::top(top_options); }},
      {"verify", [&] { return fusescope::verify(verify_options); }},
      {"trace", [&] { return fusescope::trace(trace_options); }}};
  const auto code = runs.at(commands.front()->get_name())();
  return code ? *code : refuse(code.error().text);
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that is gone, of the log or of what a command prints, is seen by write(2).
  const sighandler_t on_broken_pipe = std::signal(SIGPIPE, SIG_IGN);
  try {
    if (auto opened = fusescope::open_standard_files(); !opened) return refuse(opened.error().text);
    return run(argc, argv, on_broken_pipe);
  } catch (const std::exception& error) {
    return refuse(error.what());
  }
}
