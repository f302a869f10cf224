// SPDX-License-Identifier: Apache-2.0
#include "agent/cmd/top.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "agent/cmd/ending_signals.h"
#include "agent/cmd/output.h"
#include "agent/host/host_limits.h"
#include "agent/model/losses.h"
#include "agent/observe/observation.h"
#include "agent/term/screen.h"
#include "agent/text/top_screen.h"
#include "agent/text/top_text.h"

namespace fusescope {
namespace {

using Clock = std::chrono::steady_clock;

// Calls of io_submit, io_uring and splice are counted about once a second, however long the
// interval.
constexpr std::chrono::seconds kHouseInterval{1};

std::string time_of_day(const char* pattern) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), pattern, &local)};
}

// The hooks, attached, and the two latest looks at what they count.
class Watch {
 public:
  static Result<std::unique_ptr<Watch>> start(HookMode mode, const StateRule& rule) {
    auto observed = Observation::start({.hooks = mode, .scope = Scope::host_by_process});
    if (!observed) return std::unexpected(observed.error());
    std::unique_ptr<Watch> watch(new Watch(std::move(*observed), rule));
    if (auto looked = watch->look(); !looked) return std::unexpected(looked.error());
    return watch;
  }

  Result<void> look() {
    auto snapshot = observed_->collector().look();
    if (!snapshot) return std::unexpected(snapshot.error());
    before_ = std::exchange(now_, Look{.at = Clock::now(), .snapshot = std::move(*snapshot)});
    return {};
  }

  Result<void> keep_house() { return observed_->collector().keep_house(); }

  [[nodiscard]] TopHeader header(TopView view, const char* clock) const {
    return {.clock = time_of_day(clock),
            .seconds = seconds(),
            .view = view,
            .hooks = hooks_text(now_->snapshot.self),
            .losses = sum_of(losses_since_begin(now_->snapshot.self)),
            .earlier = events_before_begin(now_->snapshot.self)};
  }

  [[nodiscard]] std::vector<TopRow> rows(TopView view, const TopOrder& order) const {
    auto rows = top_rows(now_->snapshot, before_ ? &before_->snapshot : nullptr, seconds(), view,
                         read_host_limits(), rule_);
    sort_rows(rows, order);
    return rows;
  }

 private:
  struct Look {
    Clock::time_point at;
    Snapshot snapshot;
  };

  Watch(std::unique_ptr<Observation> observed, const StateRule& rule)
      : observed_(std::move(observed)), rule_(rule) {}

  [[nodiscard]] double seconds() const {
    return before_ ? std::chrono::duration<double>(now_->at - before_->at).count() : 0;
  }

  std::unique_ptr<Observation> observed_;
  StateRule rule_;
  std::optional<Look> now_;
  std::optional<Look> before_;
};

enum class Event { time, key, end };

// When to refresh, and what comes in between.
class Pace {
 public:
  Pace(Watch& watch, const EndingSignals& signals, const TopOptions& options)
      : watch_(watch),
        signals_(signals),
        interval_(std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(options.interval))),
        count_(options.count),
        next_(Clock::now() + interval_) {}

  // Waits until it is time to refresh, or, with a terminal to read from, a key is pressed. Ends
  // when a signal asks for it, who reads the output is gone, or there were enough refreshes.
  Result<Event> wait(int keys) {
    if (count_ && done_ >= count_) return Event::end;
    for (;;) {
      const auto now = Clock::now();
      if (now >= next_) {
        next_ = std::max(next_ + interval_, now);
        done_++;
        return Event::time;
      }
      const auto event = wait_until(keys, std::min(next_, now + kHouseInterval));
      if (!event || *event != Event::time) return event;
      if (Clock::now() >= next_) continue;
      if (auto kept = watch_.keep_house(); !kept) return std::unexpected(kept.error());
    }
  }

 private:
  Result<Event> wait_until(int keys, Clock::time_point end) {
    std::array<pollfd, 3> events = {
        pollfd{.fd = signals_.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = keys, .events = POLLIN, .revents = 0},
        pollfd{.fd = STDOUT_FILENO, .events = 0, .revents = 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    const int ready = poll(events.data(), events.size(), static_cast<int>(std::max<long>(left, 0)));
    if (ready < 0 && errno != EINTR) return std::unexpected(errno_error("poll", errno));
    if (ready < 0) return Event::key;  // SIGWINCH: a key of ncurses
    if (events[0].revents & POLLIN && signals_.next().signal) return Event::end;
    if (events[1].revents & POLLIN) return Event::key;
    return events[1].revents || events[2].revents ? Event::end : Event::time;
  }

  Watch& watch_;
  const EndingSignals& signals_;
  Clock::duration interval_;
  std::uint64_t count_;
  std::uint64_t done_ = 0;
  Clock::time_point next_;
};

Result<int> run_plain(Watch& watch, Pace& pace, TopView view) {
  const char* gap = "";
  for (;;) {
    const auto event = pace.wait(-1);
    if (!event) return std::unexpected(event.error());
    if (*event == Event::end) return 0;
    if (*event == Event::key) continue;
    if (auto looked = watch.look(); !looked) return std::unexpected(looked.error());
    const std::string text =
        top_text(watch.header(view, "%Y-%m-%d %H:%M:%S"), watch.rows(view, {}));
    const auto printed = print(gap + text);
    if (!printed) return std::unexpected(printed.error());
    if (!*printed) return 0;
    gap = "\n";
  }
}

// The screen, what was chosen there, and what it shows: while paused, all as it was.
class Picture {
 public:
  Picture(const Screen& screen, const Watch& watch, const TopOptions& options)
      : screen_(screen), watch_(watch), interval_(options.interval) {
    state_.view = options.by_process ? TopView::processes : TopView::mounts;
    take();
  }

  void take() {
    header_ = watch_.header(state_.view, "%H:%M:%S");
    arrange();
  }

  void draw() {
    const ScreenSize size = screen_.size();
    keep_in_sight(state_, rows_.size(), rows_on(size));
    screen_.show(top_screen(state_, header_, rows_, interval_, size));
  }

  // Whether to go on.
  bool answer_keys() {
    for (KeyPress key = screen_.next_key(); key.key != Key::none; key = screen_.next_key()) {
      press(state_, key, rows_.size(), rows_on(screen_.size()));
      arrange();
    }
    return !state_.has_ended;
  }

  [[nodiscard]] bool is_paused() const { return state_.is_paused; }

 private:
  void arrange() {
    header_.view = state_.view;
    rows_ = watch_.rows(state_.view, state_.order);
  }

  const Screen& screen_;
  const Watch& watch_;
  double interval_;
  TopState state_;
  TopHeader header_;
  std::vector<TopRow> rows_;
};

Result<int> run_on_screen(const Screen& screen, Watch& watch, Pace& pace,
                          const TopOptions& options) {
  Picture picture(screen, watch, options);
  for (;;) {
    picture.draw();
    const auto event = pace.wait(STDIN_FILENO);
    if (!event) return std::unexpected(event.error());
    if (*event == Event::end || !picture.answer_keys()) return 0;
    if (*event != Event::time || picture.is_paused()) continue;
    if (auto looked = watch.look(); !looked) return std::unexpected(looked.error());
    picture.take();
  }
}

}  // namespace

Result<int> top(const TopOptions& options) {
  const auto signals = EndingSignals::block();
  if (!signals) return std::unexpected(signals.error());
  const auto watch = Watch::start(options.hooks, options.rule);
  if (!watch) return std::unexpected(watch.error());
  Pace pace(**watch, *signals, options);
  if (isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)) {
    const auto screen = Screen::open();
    if (screen) return run_on_screen(*screen, **watch, pace, options);
    std::fprintf(stderr, "fusescope: %s\n", screen.error().text.c_str());
  }
  return run_plain(**watch, pace, options.by_process ? TopView::processes : TopView::mounts);
}

}  // namespace fusescope
