// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <span>
#include <utility>

#include "agent/base/unique_fd.h"
#include "fusescope_bpf.skel.h"

namespace fusescope {
namespace {

template <class Value>
Value load(Value& shared) {
  return std::atomic_ref(shared).load(std::memory_order_acquire);
}

// One of ROWS rows, over all CPUs. The struct holds 64-bit counters only.
template <class Stats>
Stats sum_over_cpus(const MappedArray& array, std::size_t rows, std::size_t row) {
  static_assert(sizeof(Stats) % sizeof(std::uint64_t) == 0);
  constexpr std::size_t kCounters = sizeof(Stats) / sizeof(std::uint64_t);
  Stats sum{};
  for (; row < array.bytes() / sizeof(Stats); row += rows) {
    Stats of_cpu{};
    const std::span<std::uint64_t> copy(reinterpret_cast<std::uint64_t*>(&of_cpu), kCounters);
    auto* counters = reinterpret_cast<std::uint64_t*>(static_cast<Stats*>(array.data()) + row);
    for (std::size_t i = 0; i < kCounters; i++) copy[i] = load(counters[i]);
    add(sum, of_cpu);
  }
  return sum;
}

MappedArray map_array(const bpf_map* map) {
  const std::size_t bytes =
      static_cast<std::size_t>(bpf_map__value_size(map)) * bpf_map__max_entries(map);
  return MappedArray(bpf_map__fd(map), bytes);
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

Reader::Reader(const Session& session)
    : session_(&session),
      connections_(map_array(session.skeleton().maps.connections)),
      inflight_(map_array(session.skeleton().maps.inflight)),
      duration_rows_(map_array(session.skeleton().maps.duration_rows)),
      mount_stats_(map_array(session.skeleton().maps.mount_stats)),
      durations_(map_array(session.skeleton().maps.durations)),
      self_(map_array(session.skeleton().maps.self_stats)) {}

Result<Reader> Reader::open(const Session& session) {
  Reader reader(session);
  for (const MappedArray* array : {&reader.connections_, &reader.inflight_, &reader.duration_rows_,
                                   &reader.mount_stats_, &reader.durations_, &reader.self_}) {
    if (array->error()) return std::unexpected(errno_error("map a BPF array", array->error()));
  }
  return reader;
}

Result<void> Reader::settle() const {
  if (!session_->settles_calls()) return {};
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

std::span<fusescope_inflight> Reader::inflight_slots() const {
  return {static_cast<fusescope_inflight*>(inflight_.data()), FUSESCOPE_INFLIGHT_SLOTS};
}

std::map<std::uint32_t, std::uint64_t> Reader::in_flight() const {
  std::map<std::uint32_t, std::uint64_t> count;
  for (fusescope_inflight& slot : inflight_slots()) {
    const std::uint64_t request = load(slot.request);
    if (request && !(request & FUSESCOPE_BEING_FILLED)) count[slot.mount]++;
  }
  return count;
}

Counters Reader::counters(std::uint32_t row) const {
  Counters counters;
  counters.data = sum_over_cpus<fusescope_mount_stats>(mount_stats_, FUSESCOPE_MOUNT_ROWS, row);
  auto* duration_rows =
      static_cast<__u64*>(duration_rows_.data()) + std::size_t{row} * FUSESCOPE_MAX_OPCODES;
  for (std::uint32_t opcode = 0; opcode < FUSESCOPE_MAX_OPCODES; opcode++) {
    const std::uint64_t index = load(duration_rows[opcode]);
    if (!index) continue;
    counters.durations[opcode] =
        sum_over_cpus<fusescope_duration_stats>(durations_, FUSESCOPE_DURATION_ROWS, index);
  }
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
                    .limits = slot->limits});
  }
  return rows;
}

Result<std::vector<fusescope_device_record>> Reader::devices() const {
  const bpf_link* link = session_->device_list();
  if (!link) return std::vector<fusescope_device_record>{};
  const UniqueFd iterator(bpf_iter_create(bpf_link__fd(link)));
  if (!iterator) return std::unexpected(errno_error("list open /dev/fuse files", errno));
  std::vector<fusescope_device_record> records;
  std::string bytes;
  std::array<char, 64 * sizeof(fusescope_device_record)> chunk{};
  for (;;) {
    const ssize_t count = ::read(iterator.get(), chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return std::unexpected(errno_error("list open /dev/fuse files", errno));
    if (count == 0) break;
    bytes.append(chunk.data(), static_cast<std::size_t>(count));
  }
  records.resize(bytes.size() / sizeof(fusescope_device_record));
  bytes.copy(reinterpret_cast<char*>(records.data()),
             records.size() * sizeof(fusescope_device_record));
  return records;
}

void Reader::release(std::uint32_t row) const {
  // What is still in flight here was sent to a connection that is gone: it will never end.
  for (fusescope_inflight& slot : inflight_slots()) {
    if (load(slot.request) && slot.mount == row) {
      std::atomic_ref(slot.request).store(0, std::memory_order_release);
    }
  }
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
