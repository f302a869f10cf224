// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <limits.h>
#include <unistd.h>

#include <utility>

#include "fs/command_line.h"
#include "load/engine.h"

namespace sgio {
namespace {

constexpr const char* examples =
    "Engines without a list of segments use one buffer of all segments' bytes; for plain and\n"
    "stream the default is one segment.\n"
    "Examples:\n"
    "  sgio --direct FILE                                preadv of 256 x 4 KiB\n"
    "  sgio --direct --offset-in-page 512 FILE           the same, each segment on two pages\n"
    "  sgio --direct --engine plain --duration 5 FILE    4 KiB reads for 5 seconds\n"
    "  sgio --op write --engine uring --queue-depth 8 --calls 64 --fsync FILE";

constexpr std::uint64_t largest_segment = 1ULL << 30;

// What the command line holds before it is checked.
struct Texts {
  std::string op = "read";
  std::string engine = "vector";
  std::optional<std::uint32_t> segments;
  std::optional<std::uint64_t> random_seed;
  std::optional<double> seconds;
  std::uint64_t pause_us = 0;
  bool buffered = false;
  bool same = false;
  bool sequential = false;
};

std::string engine_help() {
  std::string help = "how to do the I/O:";
  for (const EngineKind& kind : engine_kinds()) {
    help.append("\n  ").append(kind.name).append(": ").append(kind.what);
  }
  return help;
}

void add_what(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("FILE", options.file, "the file to read or write")->required();
  app.add_option("--op", texts.op, "read or write")
      ->check(CLI::IsMember({"read", "write"}))
      ->capture_default_str();
  app.add_option("--engine", texts.engine, engine_help())->capture_default_str();
  CLI::Option* direct = app.add_flag("--direct", options.direct, "O_DIRECT");
  app.add_flag("--buffered", texts.buffered, "through the page cache (default)")->excludes(direct);
  app.add_option("--to", options.copy_to, "the file that --engine copy writes");
  app.add_option("--create", options.create_size,
                 "create FILE with this size first; with --verify also fill it")
      ->transform(fusetest::byte_size());
  app.add_flag("--verify", options.verify,
               "check what is read against the pattern of countfs; write that pattern");
  app.add_flag("--keep-going", options.keep_going, "count failed calls and go on; exit 0");
}

void add_call_shape(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--segments", texts.segments, "segments of a call (default: 256)")
      ->check(CLI::Range(1U, 1U << 20));
  app.add_option("--segment-bytes", options.segment_bytes, "size of a segment")
      ->transform(fusetest::byte_size())
      ->check(CLI::Range(std::uint64_t{1}, largest_segment))
      ->capture_default_str();
  app.add_option("--offset-in-page", options.offset_in_page,
                 "where in its page each segment's memory begins");
  app.add_flag("--contiguous", options.contiguous, "segments of one buffer, side by side");
  app.add_option("--queue-depth", options.queue_depth, "calls at a time, for aio and uring")
      ->check(CLI::Range(1U, 4096U));
  app.add_flag("--uring-fixed", options.uring_fixed, "registered buffers; for one segment");
  app.add_flag("--sqpoll", options.uring_poll_thread, "let a kernel thread submit");
  app.add_flag("--readahead-off", options.readahead_off, "advise random access");
}

void add_amount(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--calls", options.calls, "calls of each thread")->capture_default_str();
  app.add_option("--loops", options.loops, "do all calls again so often")->capture_default_str();
  app.add_option("--duration", texts.seconds, "seconds to run for, instead of --calls")
      ->check(CLI::PositiveNumber);
  app.add_option("--offset", options.offset, "where in the file to start")
      ->transform(fusetest::byte_size());
  CLI::Option* same = app.add_flag("--same", texts.same, "all calls at the same offset");
  CLI::Option* random =
      app.add_option("--random", texts.random_seed, "calls at random offsets, from this seed")
          ->excludes(same);
  app.add_flag("--sequential", texts.sequential, "calls one after the other (default)")
      ->excludes(same)
      ->excludes(random);
  app.add_option("--threads", options.threads, "threads, each in its own region of the file")
      ->check(CLI::Range(1U, 1024U))
      ->capture_default_str();
  app.add_flag("--same-region", options.same_region, "all threads in the same region");
  app.add_option("--pause-us", texts.pause_us, "microseconds to wait between calls");
  app.add_flag("--fsync", options.fsync, "fsync when all is written");
}

void take_over(const Texts& texts, Options& options) {
  options.engine = find_engine(texts.engine);
  options.write = texts.op == "write";
  options.pause = std::chrono::microseconds(texts.pause_us);
  if (texts.seconds) options.duration = std::chrono::duration<double>(*texts.seconds);
  if (texts.same) options.order = Order::same;
  if (texts.random_seed) {
    options.order = Order::random;
    options.seed = *texts.random_seed;
  }
  const bool one_by_default = texts.engine == "plain" || texts.engine == "stream";
  options.segments = texts.segments.value_or(one_by_default ? 1 : options.segments);
  if (options.engine != nullptr && !options.engine->takes_segments) {
    options.segment_bytes = options.call_bytes();
    options.segments = 1;
  }
}

struct Rule {
  bool broken;
  const char* reason;
};

// Why these options cannot go together, if so.
std::optional<std::string> contradiction(const Options& options) {
  if (options.engine == nullptr) return "--engine: no such engine";
  const EngineKind& engine = *options.engine;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const bool uring = engine.make == make_uring;
  const bool copy = engine.make == make_copy;
  const Rule rules[] = {
      {options.segments > IOV_MAX, "--segments: the kernel takes 1024 at most"},
      {options.call_bytes() > largest_segment, "a call of more than 1 GiB is too large"},
      {options.offset_in_page >= page, "--offset-in-page must be less than a page"},
      {options.write && !engine.writes, "--op write: this engine cannot"},
      {options.verify && !engine.fills_buffers, "--verify: this engine cannot"},
      {options.queue_depth > 1 && !engine.takes_queue_depth,
       "--queue-depth is for the engines aio and uring"},
      {options.uring_fixed && (!uring || options.segments != 1),
       "--uring-fixed needs --engine uring and --segments 1"},
      {options.uring_poll_thread && !uring, "--sqpoll needs --engine uring"},
      {copy == options.copy_to.empty(), "--engine copy and --to need each other"},
      {options.fsync && !options.write, "--fsync needs --op write"},
  };
  for (const Rule& rule : rules) {
    if (rule.broken) return rule.reason;
  }
  return std::nullopt;
}

}  // namespace

std::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  Texts texts;
  CLI::App app("Does scatter-gather and other I/O on a file and prints one JSON object.", "sgio");
  app.footer(examples);
  add_what(app, options, texts);
  add_call_shape(app, options, texts);
  add_amount(app, options, texts);
  if (const auto exit_code = fusetest::parse_command_line(app, argc, argv)) {
    return std::unexpected(*exit_code);
  }
  take_over(texts, options);
  if (const auto reason = contradiction(options)) {
    return std::unexpected(fusetest::refuse_options("sgio", *reason));
  }
  return options;
}

}  // namespace sgio
