// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "agent/base/unique_fd.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

template <class Value>
Value load(Value& shared) {
  return std::atomic_ref(shared).load(std::memory_order_acquire);
}

// A part of one of ROWS rows, over all CPUs. It holds 64-bit counters only.
template <class Row, class Part = std::identity>
auto sum_over_cpus(const MappedArray& array, std::size_t rows, std::size_t row, Part part = {}) {
  using Stats = std::remove_cvref_t<std::invoke_result_t<Part, Row&>>;
  static_assert(sizeof(Stats) % sizeof(std::uint64_t) == 0);
  constexpr std::size_t kCounters = sizeof(Stats) / sizeof(std::uint64_t);
  Stats sum{};
  for (; row < array.bytes() / sizeof(Row); row += rows) {
    Stats of_cpu{};
    const std::span<std::uint64_t> copy(reinterpret_cast<std::uint64_t*>(&of_cpu), kCounters);
    auto* counters =
        reinterpret_cast<std::uint64_t*>(&std::invoke(part, static_cast<Row*>(array.data())[row]));
    for (std::size_t i = 0; i < kCounters; i++) copy[i] = load(counters[i]);
    add(sum, of_cpu);
  }
  return sum;
}

// The address of a request, and neither none nor one that is just being noted.
bool is_complete(std::uint64_t request) { return request && !(request & FUSESCOPE_BEING_FILLED); }

// The clock of bpf_ktime_get_ns().
std::uint64_t monotonic_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// Runs an iterator to its end: what it has written.
Result<std::string> output_of(const bpf_link& link) {
  const UniqueFd iterator(bpf_iter_create(bpf_link__fd(&link)));
  if (!iterator) return std::unexpected(errno_error("run a BPF iterator", errno));
  std::string bytes;
  std::array<char, 64 * sizeof(fusescope_device_record)> chunk{};
  for (;;) {
    const ssize_t count = ::read(iterator.get(), chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return std::unexpected(errno_error("read a BPF iterator", errno));
    if (count == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

MappedArray map_array(const bpf_map* map) {
  const std::size_t bytes =
      static_cast<std::size_t>(bpf_map__value_size(map)) * bpf_map__max_entries(map);
  return MappedArray(bpf_map__fd(map), bytes);
}

// A request's end is counted while its thread may go on already; not for longer than this.
constexpr std::uint64_t kEndingTime = 1'000'000'000;

constexpr std::uint16_t kNotifyReply = 41;  // FUSE_NOTIFY_REPLY

// Not for a background one, nor for that of fuse_simple_notify_reply(), fs/fuse/dev.c.
bool is_waited_for(const fusescope_inflight& slot) {
  return !slot.background && slot.opcode != kNotifyReply;
}

// One request more, that was sent then.
void add_to(InFlight& in_flight, std::uint64_t sent_ns) {
  const std::uint64_t now = monotonic_ns();
  in_flight.requests++;
  in_flight.oldest_age_ns = std::max(in_flight.oldest_age_ns, now > sent_ns ? now - sent_ns : 0);
}

// Of a process: durations and bytes are those of READ and WRITE and all others together.
Counters counters_of(const fusescope_process_stats& stats) {
  Counters counters;
  auto& ops = counters.data.ops;
  for (int op = 0; op < FUSESCOPE_OPS; op++) {
    std::ranges::copy(stats.io[op], std::begin(ops[op].io));
  }
  ops[FUSESCOPE_READ].data.bytes = stats.bytes;
  ops[FUSESCOPE_READ].duration = stats.duration;
  auto& phases = counters.data.phases;
  phases[FUSESCOPE_PHASE_QUEUED].sum_ns = stats.queued_ns;
  phases[FUSESCOPE_PHASE_QUEUED].slots[0] = stats.taken;
  phases[FUSESCOPE_PHASE_SERVICE].sum_ns = stats.service_ns;
  phases[FUSESCOPE_PHASE_SERVICE].slots[0] = stats.taken;
  return counters;
}

}  // namespace

MappedArray::MappedArray(int map, std::size_t bytes)
    : data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0)),
      bytes_(bytes),
      error_(data_ == MAP_FAILED ? errno : 0) {}

MappedArray::MappedArray(MappedArray&& other) noexcept
    : data_(std::exchange(other.data_, MAP_FAILED)), bytes_(other.bytes_), error_(other.error_) {}

MappedArray::~MappedArray() {
  if (data_ != MAP_FAILED) munmap(data_, bytes_);
}

Reader::Reader(Session& session)
    : session_(&session),
      connections_(map_array(session.skeleton().maps.connections)),
      inflight_(map_array(session.skeleton().maps.inflight)),
      error_rows_(map_array(session.skeleton().maps.error_rows)),
      blocked_(map_array(session.skeleton().maps.blocked)),
      duration_rows_(map_array(session.skeleton().maps.duration_rows)),
      mount_stats_(map_array(session.skeleton().maps.mount_stats)),
      durations_(map_array(session.skeleton().maps.durations)),
      self_(map_array(session.skeleton().maps.self_stats)),
      listed_(map_array(session.skeleton().maps.listed)) {}

Result<Reader> Reader::open(Session& session) {
  Reader reader(session);
  for (const MappedArray* array : {&reader.connections_, &reader.inflight_, &reader.error_rows_,
                                   &reader.blocked_, &reader.duration_rows_, &reader.mount_stats_,
                                   &reader.durations_, &reader.self_, &reader.listed_}) {
    if (array->error()) return std::unexpected(errno_error("map a BPF array", array->error()));
  }
  return reader;
}

Result<void> Reader::count_ended_calls() {
  if (!session_->counts_ended_calls()) return {};
  LIBBPF_OPTS(bpf_test_run_opts, options);
  const int program = bpf_program__fd(session_->skeleton().progs.settle_calls);
  if (const int error = bpf_prog_test_run_opts(program, &options)) {
    return std::unexpected(errno_error("run BPF program settle_calls", -error));
  }
  return {};
}

fusescope_connection* Reader::connection(std::uint32_t row) const {
  return static_cast<fusescope_connection*>(connections_.data()) + row;
}

fusescope_blocked* Reader::blocked(std::uint32_t row) const {
  return static_cast<fusescope_blocked*>(blocked_.data()) + row;
}

std::uint64_t Reader::blocked_threads(std::uint32_t row) const {
  return load(blocked(row)->threads);
}

// Of the time that the kernel side adds up when the last thread is blocked no more.
std::uint64_t Reader::blocked_until_now(std::uint32_t row) const {
  const std::uint64_t since = load(blocked(row)->since_ns);
  const std::uint64_t now = monotonic_ns();
  return since && now > since ? now - since : 0;
}

std::span<fusescope_inflight> Reader::inflight_slots() const {
  return {static_cast<fusescope_inflight*>(inflight_.data()), FUSESCOPE_INFLIGHT_SLOTS};
}

// Ended, or taken by another request meanwhile: then there is nothing to drop.
void Reader::drop(fusescope_inflight& slot, __u64 request, fusescope_lost reason) {
  if (!std::atomic_ref(slot.request).compare_exchange_strong(request, 0)) return;
  auto* self = static_cast<fusescope_self_stats*>(self_.data());
  std::atomic_ref(self->lost[reason]).fetch_add(1);
}

std::map<std::uint32_t, InFlight> Reader::in_flight() const {
  std::map<std::uint32_t, InFlight> in_flight;
  for (fusescope_inflight& slot : inflight_slots()) {
    if (!is_complete(load(slot.request))) continue;
    add_to(in_flight[slot.mount], load(slot.sent_ns));
  }
  return in_flight;
}

std::vector<ProcessRow> Reader::processes() const {
  std::map<std::uint32_t, InFlight> in_flight;
  for (fusescope_inflight& slot : inflight_slots()) {
    if (!is_complete(load(slot.request))) continue;
    add_to(in_flight[static_cast<std::uint32_t>(load(slot.sender) >> 32)], load(slot.sent_ns));
  }
  std::vector<ProcessRow> rows;
  const int map = bpf_map__fd(session_->skeleton().maps.process_stats);
  std::uint64_t key = 0;
  fusescope_process_stats stats{};
  for (const std::uint64_t* before = nullptr; bpf_map_get_next_key(map, before, &key) == 0;
       before = &key) {
    if (bpf_map_lookup_elem(map, &key, &stats) != 0) continue;
    const auto process = static_cast<std::uint32_t>(key);
    rows.push_back({.process = process,
                    .command = std::string(stats.command, strnlen(stats.command, 16)),
                    .row = static_cast<std::uint32_t>(stats.mount),
                    .counters = counters_of(stats),
                    .in_flight = in_flight[process]});
  }
  return rows;
}

void Reader::forget_process(std::uint32_t process) {
  const std::uint64_t key = process;
  bpf_map_delete_elem(bpf_map__fd(session_->skeleton().maps.process_stats), &key);
}

std::unordered_map<std::uint64_t, std::uint64_t> Reader::newest_by_sender() const {
  std::unordered_map<std::uint64_t, std::uint64_t> newest;
  for (fusescope_inflight& slot : inflight_slots()) {
    if (!is_complete(load(slot.request)) || !is_waited_for(slot)) continue;
    std::uint64_t& sent_ns = newest[load(slot.sender)];
    sent_ns = std::max<std::uint64_t>(sent_ns, load(slot.sent_ns));
  }
  return newest;
}

void Reader::drop_killed(const std::function<bool(pid_t)>& is_thread_gone) {
  const auto newest = newest_by_sender();
  const std::uint64_t now = monotonic_ns();
  for (fusescope_inflight& slot : inflight_slots()) {
    const std::uint64_t request = load(slot.request);
    if (!is_complete(request) || !is_waited_for(slot)) continue;
    const std::uint64_t sent_ns = load(slot.sent_ns);
    const std::uint64_t sender = load(slot.sender);
    const auto next = newest.find(sender);
    const bool waits_for_another =
        next != newest.end() && next->second > sent_ns && now > next->second + kEndingTime;
    const auto thread = static_cast<pid_t>(sender & 0xffffffff);
    if (!waits_for_another && !is_thread_gone(thread)) continue;
    if (load(slot.sent_ns) == sent_ns) drop(slot, request, FUSESCOPE_LOST_KILLED);
  }
}

void Reader::add_errors(Counters& counters, std::uint32_t row) const {
  const std::span rows(static_cast<fusescope_error_row*>(error_rows_.data()), FUSESCOPE_ERROR_ROWS);
  for (fusescope_error_row& each : rows) {
    const std::uint64_t key = load(each.key);
    if (!key || FUSESCOPE_ERROR_MOUNT(key) != row) continue;
    const ErrorKey error = {.opcode = static_cast<std::uint32_t>(FUSESCOPE_ERROR_OPCODE(key)),
                            .error = static_cast<std::uint32_t>(FUSESCOPE_ERROR_NUMBER(key))};
    counters.errors[error] = load(each.count);
  }
}

Ended Reader::ended(std::uint32_t row) const {
  Ended ended;
  for (int op = 0; op < FUSESCOPE_OPS; op++) {
    ended.data[op] = sum_over_cpus<fusescope_mount_stats>(
        mount_stats_, FUSESCOPE_MOUNT_ROWS, row,
        [op](fusescope_mount_stats& stats) -> auto& { return stats.ops[op].duration; });
  }
  auto* duration_rows =
      static_cast<__u64*>(duration_rows_.data()) + std::size_t{row} * FUSESCOPE_MAX_OPCODES;
  for (std::uint32_t opcode = 0; opcode < FUSESCOPE_MAX_OPCODES; opcode++) {
    const std::uint64_t index = load(duration_rows[opcode]);
    if (!index) continue;
    ended.durations[opcode] =
        sum_over_cpus<fusescope_duration_stats>(durations_, FUSESCOPE_DURATION_ROWS, index);
  }
  return ended;
}

Counters Reader::counters(std::uint32_t row, Ended ended) const {
  Counters counters;
  counters.data = sum_over_cpus<fusescope_mount_stats>(mount_stats_, FUSESCOPE_MOUNT_ROWS, row);
  for (int op = 0; op < FUSESCOPE_OPS; op++) counters.data.ops[op].duration = ended.data[op];
  counters.durations = std::move(ended.durations);
  counters.data.blocked_ns += blocked_until_now(row);
  add_errors(counters, row);
  return counters;
}

std::vector<Row> Reader::rows() const {
  std::vector<Row> rows;
  for (std::uint32_t index = 0; index < FUSESCOPE_MAX_MOUNTS; index++) {
    fusescope_connection* slot = connection(index);
    const std::uint64_t address = load(slot->address);
    if (address <= FUSESCOPE_TOMBSTONE) continue;
    rows.push_back({.index = index,
                    .address = address,
                    .claimed_ns = slot->claimed_ns,
                    .device = slot->device,
                    .retired = (address & FUSESCOPE_RETIRED) != 0,
                    .waiting = slot->waiting,
                    .limits = slot->limits});
  }
  return rows;
}

Result<void> Reader::refresh_limits() {
  const bpf_link* link = session_->connection_walk();
  if (!link) return {};
  if (auto walked = output_of(*link); !walked) {
    return std::unexpected(Error{"read the limits of connections: " + walked.error().text});
  }
  return {};
}

// The programs list what they walk over while they are told to.
Result<Listing> Reader::list_requests() {
  Listing listing;
  auto& shared = *session_->skeleton().bss;
  shared.listed_count = 0;
  shared.listed_connection = 0;
  shared.listing_is_cut = false;
  shared.lists_requests = true;
  Result<void> walked;
  for (const bpf_link* link : {session_->device_list(), session_->connection_walk()}) {
    if (!link || !walked) continue;
    if (auto output = output_of(*link); !output) walked = std::unexpected(output.error());
  }
  shared.lists_requests = false;
  if (!walked) return std::unexpected(Error{"list requests: " + walked.error().text});
  const std::span all(static_cast<fusescope_listed*>(listed_.data()), FUSESCOPE_MAX_LISTED);
  for (const fusescope_listed& each : all.first(shared.listed_count)) {
    listing.requests[each.connection].insert(each.request);
  }
  listing.is_cut = shared.listing_is_cut;
  return listing;
}

Result<std::vector<fusescope_device_record>> Reader::devices() const {
  const bpf_link* link = session_->device_list();
  std::vector<fusescope_device_record> records;
  if (!link) return records;
  const auto output = output_of(*link);
  if (!output) {
    return std::unexpected(Error{"list open /dev/fuse files: " + output.error().text});
  }
  const std::string& bytes = *output;
  records.resize(bytes.size() / sizeof(fusescope_device_record));
  bytes.copy(reinterpret_cast<char*>(records.data()),
             records.size() * sizeof(fusescope_device_record));
  return records;
}

void Reader::drop_unmounted(std::uint32_t row) {
  for (fusescope_inflight& slot : inflight_slots()) {
    const std::uint64_t request = load(slot.request);
    if (is_complete(request) && slot.mount == row) drop(slot, request, FUSESCOPE_LOST_UNMOUNTED);
  }
}

void Reader::release(std::uint32_t row) {
  std::atomic_ref(blocked(row)->threads).store(0, std::memory_order_release);
  std::atomic_ref(blocked(row)->since_ns).store(0, std::memory_order_release);
  std::atomic_ref(connection(row)->address).store(FUSESCOPE_TOMBSTONE, std::memory_order_release);
}

fusescope_self_stats Reader::self_stats() const {
  return *static_cast<const fusescope_self_stats*>(self_.data());
}

std::vector<ProgramStatus> Reader::programs() const {
  std::vector<ProgramStatus> programs;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, session_->skeleton().obj) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    const int descriptor = bpf_program__fd(program);
    if (descriptor < 0 || bpf_obj_get_info_by_fd(descriptor, &info, &size) != 0) continue;
    programs.push_back({.name = bpf_program__name(program),
                        .runs = info.run_cnt,
                        .run_nanoseconds = info.run_time_ns,
                        .missed = info.recursion_misses});
  }
  return programs;
}

}  // namespace fusescope
