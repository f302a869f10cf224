// SPDX-License-Identifier: Apache-2.0
#include "fs/options.h"

#include <limits>
#include <optional>

#include "fs/command_line.h"
#include "fs/error.h"

namespace countfs {
namespace {

constexpr const char* description =
    "A FUSE filesystem in memory that counts every request it receives.\n"
    "Prints 'ready MOUNTPOINT' when the mount is usable and stays in the foreground.\n"
    "SIGUSR1 writes the counts; SIGTERM and SIGINT unmount, write them and exit 0.";

constexpr const char* examples =
    "Examples:\n"
    "  countfs --stats /tmp/stats.json --file data:64M /mnt/count\n"
    "  countfs --max-write 128K --max-read 128K /mnt/count     requests of 32 pages\n"
    "  countfs --error-every 10 --error ENOSPC /mnt/count      every 10th READ or WRITE fails";

// What the command line holds before it is checked.
struct Texts {
  std::vector<std::string> files;
  std::string error = "EIO";
  std::string write_error;
  std::uint64_t delay_ms = 0;
  std::uint64_t delay_us = 0;
  std::optional<std::uint16_t> max_pages;
};

// The kernel takes no smaller ones, and libfuse's read buffer would then be too small for it.
constexpr std::uint32_t smallest_transfer = 4096;

void add_limits(CLI::App& app, Options& options, Texts& texts) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  const CLI::Range transfer(smallest_transfer, most);
  app.add_option("--max-write", options.max_write,
                 "largest WRITE, bytes; also decides max_pages (default: 1M)")
      ->transform(fusetest::byte_size())
      ->check(transfer);
  app.add_option("--max-read", options.max_read, "largest READ, bytes (default: no limit)")
      ->transform(fusetest::byte_size())
      ->check(transfer);
  app.add_option("--max-pages", texts.max_pages,
                 "max_pages in the INIT reply, whatever --max-write is; 0: not negotiated");
  app.add_option("--max-background", options.max_background, "as in the INIT reply")
      ->check(CLI::Range(1U, 65535U));
  app.add_flag("--no-big-writes", options.init.no_big_writes, "do not negotiate BIG_WRITES");
  app.add_flag("--writeback-cache", options.writeback_cache, "negotiate WRITEBACK_CACHE");
  app.add_flag("--no-async-read", options.no_async_read, "do not negotiate ASYNC_READ");
  app.add_flag("--no-async-dio", options.no_async_dio, "do not negotiate ASYNC_DIO");
  app.add_flag("--io-uring", options.init.io_uring,
               "take requests over io_uring (Linux 6.14 with fuse.enable_uring=1)");
}

void add_behaviour(CLI::App& app, Options& options, Texts& texts) {
  app.add_flag("--direct-io", options.direct_io, "FOPEN_DIRECT_IO on every open");
  app.add_flag("--refuse-direct", options.refuse_direct, "EINVAL for every open with O_DIRECT");
  app.add_flag("--refuse-direct-data", options.refuse_direct_data,
               "EINVAL for every READ and WRITE of a file that was opened with O_DIRECT");
  app.add_flag("--refuse-reads-of-writers", options.refuse_reads_of_writers,
               "EPERM for every READ of a file that was opened for writing");
  app.add_flag("--keep-cache", options.keep_cache, "FOPEN_KEEP_CACHE on every open");
  app.add_flag("--copy-file-range", options.copy_file_range,
               "copy inside the filesystem (default: ENOSYS, so that the kernel copies)");
  app.add_option("--passthrough", options.backing,
                 "FILE on another filesystem that every open file of this one is passed through to "
                 "(Linux 6.9; needs root)");
  app.add_option("--threads", options.threads, "worker threads")
      ->check(CLI::Range(1U, 256U))
      ->capture_default_str();
  app.add_option("--attr-timeout", options.attribute_timeout,
                 "seconds for which the kernel may keep attributes and names")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--file", texts.files,
                 "NAME:SIZE, a file with a known pattern; may be given again")
      ->allow_extra_args(false);
  app.add_option("--fsname", options.fsname, "source of the mount")->capture_default_str();
  app.add_option("--subtype", options.subtype, "T of the type fuse.T")->capture_default_str();
  app.add_flag("--blkdev", options.block_device,
               "mount as fuseblk, on the block device that --fsname gives");
  app.add_flag("--allow-other", options.allow_other, "allow access by all users");
}

void add_faults(CLI::App& app, Options& options, Texts& texts) {
  app.add_option("--reply-delay-ms", texts.delay_ms, "wait before each READ and WRITE reply");
  app.add_option("--reply-delay-us", texts.delay_us, "the same in microseconds");
  app.add_option("--error-every", options.faults.error_every,
                 "every Nth READ or WRITE fails with --error");
  app.add_option("--error", texts.error, "errno name")->capture_default_str();
  app.add_option("--write-error", texts.write_error, "errno name: every WRITE fails with it");
  app.add_option("--short-every", options.faults.short_every, "every Nth READ replies half");
  app.add_option("--short-write-every", options.faults.short_write_every,
                 "every Nth WRITE takes half");
}

std::optional<PresetFile> parse_file(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const auto size = fusetest::parse_byte_size(text.substr(colon + 1));
  std::string name = text.substr(0, colon);
  if (!size || name.contains('/')) return std::nullopt;
  return PresetFile{std::move(name), *size};
}

// Why the texts cannot be used, if so.
std::optional<std::string> interpret(const Texts& texts, Options& options) {
  const auto error = fusetest::errno_from_name(texts.error);
  if (!error) return "--error: '" + texts.error + "' is no errno name such as EIO";
  options.faults.error = *error;
  if (!texts.write_error.empty()) {
    const auto write_error = fusetest::errno_from_name(texts.write_error);
    if (!write_error) return "--write-error: '" + texts.write_error + "' is no errno name";
    options.faults.write_error = *write_error;
  }
  options.faults.reply_delay = std::chrono::microseconds(texts.delay_ms * 1000 + texts.delay_us);
  options.init.max_pages = texts.max_pages;
  options.init.passthrough = !options.backing.empty();
  for (const std::string& text : texts.files) {
    auto file = parse_file(text);
    if (!file) return "--file: '" + text + "' is not NAME:SIZE, such as data:64M";
    options.files.push_back(std::move(*file));
  }
  return std::nullopt;
}

}  // namespace

std::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  Texts texts;
  CLI::App app(description, "countfs");
  app.footer(examples);
  app.add_option("MOUNTPOINT", options.mountpoint, "an existing directory")->required();
  app.add_option("--stats", options.stats_path, "file for the counts, as JSON (default: stdout)");
  add_limits(app, options, texts);
  add_behaviour(app, options, texts);
  add_faults(app, options, texts);
  if (const auto exit_code = fusetest::parse_command_line(app, argc, argv)) {
    return std::unexpected(*exit_code);
  }
  if (const auto reason = interpret(texts, options)) {
    return std::unexpected(fusetest::refuse_options("countfs", *reason));
  }
  return options;
}

}  // namespace countfs
