// SPDX-License-Identifier: Apache-2.0
#include "load/run.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "load/target_file.h"
#include "load/worker.h"

namespace sgio {
namespace {

using Clock = std::chrono::steady_clock;
using Workers = std::vector<std::unique_ptr<Worker>>;

std::expected<Workers, fusetest::Error> make_workers(const Options& options) {
  Workers workers;
  for (std::uint32_t thread = 0; thread < options.threads; ++thread) {
    auto worker = Worker::make(options, thread);
    if (!worker) return std::unexpected(worker.error());
    workers.push_back(std::move(*worker));
  }
  return workers;
}

}  // namespace

void Tally::add(const Tally& other) {
  calls += other.calls;
  asked_bytes += other.asked_bytes;
  bytes += other.bytes;
  short_calls += other.short_calls;
  for (const auto& [name, count] : other.errors) errors[name] += count;
  if (!first_error) first_error = other.first_error;
  seconds = std::max(seconds, other.seconds);
}

std::expected<Tally, fusetest::Error> run(const Options& options) {
  if (auto created = create_target(options); !created) return std::unexpected(created.error());
  auto workers = make_workers(options);
  if (!workers) return std::unexpected(workers.error());
  Clock::time_point begin;
  std::barrier start(static_cast<std::ptrdiff_t>(workers->size()),
                     [&begin]() noexcept { begin = Clock::now(); });
  std::vector<std::jthread> threads;
  for (const auto& worker : *workers) {
    threads.emplace_back([&start, &begin, &worker] {
      start.arrive_and_wait();
      worker->work();
      worker->tally().seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    });
  }
  threads.clear();  // joins
  Tally total;
  for (const auto& worker : *workers) total.add(worker->tally());
  return total;
}

}  // namespace sgio
