// SPDX-License-Identifier: Apache-2.0
#include "fs/report.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

namespace countfs {
namespace {

using Json = nlohmann::ordered_json;

void add_data_counts(Json& json, const OpcodeCounts& counts) {
  json["bytes"] = counts.bytes;
  json["replied_bytes"] = counts.replied_bytes;
  json["pages"] = counts.pages;
  const std::map<std::uint32_t, std::uint64_t> sizes(counts.sizes.begin(), counts.sizes.end());
  json["smallest"] = sizes.empty() ? 0 : sizes.begin()->first;
  json["largest"] = sizes.empty() ? 0 : sizes.rbegin()->first;
  json["sizes"] = Json::object();
  for (const auto& [size, count] : sizes) json["sizes"][std::to_string(size)] = count;
}

Json opcodes_json(const CountsByOpcode& by_opcode) {
  Json json = Json::object();
  for (const auto& [opcode, counts] : by_opcode) {
    Json& row = json[opcode_name(opcode)];
    row = {{"requests", counts.requests}, {"errors", counts.errors}};
    if (is_read(opcode) || is_write(opcode)) add_data_counts(row, counts);
  }
  return json;
}

// max_read is no part of INIT but a mount option; 0 is no limit.
Json negotiated_json(const Negotiated& negotiated, std::uint32_t max_read) {
  return {{"max_write", negotiated.max_write},
          {"max_read", max_read},
          {"max_pages", negotiated.max_pages},
          {"max_readahead", negotiated.max_readahead},
          {"max_background", negotiated.max_background},
          {"congestion_threshold", negotiated.congestion_threshold},
          {"proto_major", negotiated.proto_major},
          {"proto_minor", negotiated.proto_minor},
          {"writeback_cache", negotiated.writeback_cache},
          {"async_dio", negotiated.async_dio},
          {"async_read", negotiated.async_read},
          {"big_writes", negotiated.big_writes}};
}

std::uint64_t total_requests(const CountsByOpcode& by_opcode) {
  std::uint64_t total = 0;
  for (const auto& [opcode, counts] : by_opcode) total += counts.requests;
  return total;
}

// Of the files in the topmost directory: the same counts, but for replies.
Json files_json(const MemoryTree& tree, const CountsByNode& by_node) {
  Json json = Json::object();
  Node* const root = tree.find(FUSE_ROOT_ID);
  for (const MemoryTree::Entry& entry : tree.list(*root)) {
    const auto counts = by_node.find(entry.attributes.st_ino);
    if (counts != by_node.end()) json[entry.name] = opcodes_json(counts->second);
  }
  return json;
}

Json report_json(const Server& server, std::uint64_t generation) {
  const Transport::Totals totals = server.totals();
  const Filesystem& filesystem = server.filesystem();
  Json json = {{"generation", generation},
               {"mountpoint", server.mountpoint()},
               {"page_size", sysconf(_SC_PAGESIZE)}};
  if (const auto connection = server.connection()) json["connection"] = *connection;
  json["negotiated"] = negotiated_json(totals.negotiated, filesystem.options.max_read);
  json["max_concurrent"] = totals.max_concurrent;
  json["total_requests"] = total_requests(totals.by_opcode);
  json["refused_replies"] = totals.refused_replies;
  json["ring_requests"] = server.ring_requests();
  json["injected"] = {{"errors", filesystem.faults.errors()},
                      {"short_replies", filesystem.faults.short_replies()}};
  json["opcodes"] = opcodes_json(totals.by_opcode);
  json["files"] = files_json(filesystem.tree, totals.by_node);
  return json;
}

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

// Written first, so that the report is replaced at once.
std::string temporary_of(const std::string& path) { return path + ".tmp"; }

bool is_other_than_a_file(const std::string& path) {
  struct stat found{};
  return ::lstat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
}

std::expected<void, fusetest::Error> replace_file(const std::string& path,
                                                  const std::string& text) {
  if (auto fits = check_stats_path(path); !fits) return fits;
  const std::string temporary = temporary_of(path);
  constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
  const int descriptor = ::open(temporary.c_str(), flags, 0666);
  File file(descriptor < 0 ? nullptr : ::fdopen(descriptor, "w"), &std::fclose);
  if (!file) return fusetest::system_failure("create", temporary, errno, "choose another --stats");
  const bool written = std::fputs(text.c_str(), file.get()) >= 0;
  if (std::fclose(file.release()) != 0 || !written) {
    return fusetest::system_failure("write", temporary, errno);
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fusetest::system_failure("replace", path, errno);
  }
  return {};
}

}  // namespace

std::expected<void, fusetest::Error> check_stats_path(const std::string& path) {
  for (const std::string& each : {path, temporary_of(path)}) {
    if (path.empty() || !is_other_than_a_file(each)) continue;
    return fusetest::failure("cannot write " + each +
                             ": it is no regular file, and would be replaced by one: choose "
                             "another --stats, or none for standard output");
  }
  return {};
}

std::expected<void, fusetest::Error> Reporter::write(const Server& server) {
  // A mountpoint need not be UTF-8, but JSON must be.
  const std::string text =
      report_json(server, ++generation_).dump(-1, ' ', false, Json::error_handler_t::replace) +
      "\n";
  if (!path_.empty()) return replace_file(path_, text);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return {};
}

}  // namespace countfs
