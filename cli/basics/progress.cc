#include "cli/basics/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "cli/basics/units.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(200);
constexpr auto kLineEvery = std::chrono::seconds(10);
constexpr unsigned kBarWidth = 20;

unsigned terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

/// At most `width` characters, never cut inside one.
std::string fitted(const std::string& text, unsigned width) {
  std::size_t end = 0;
  for (unsigned characters = 0; end < text.size() && characters < width; ++characters) {
    for (++end; end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++end) {
    }
  }
  return text.substr(0, end);
}

std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole % 3600 / 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

double share_done(const ProgressState& state) {
  if (state.raw_total == 0) return 0;
  return std::min(1.0, static_cast<double>(state.raw) / static_cast<double>(state.raw_total));
}

double bytes_per_second(const ProgressState& state) {
  return state.moving_seconds < 0.5 ? 0 : static_cast<double>(state.raw) / state.moving_seconds;
}

/// "0:23 left", or empty while nothing can be said yet.
std::string time_left(const ProgressState& state) {
  const double rate = bytes_per_second(state);
  if (state.raw_total <= state.raw || rate <= 0 || state.moving_seconds < 2) return {};
  return clock_text(static_cast<double>(state.raw_total - state.raw) / rate) + " left";
}

/// "1.2 GiB of 2.8 GiB, 1,234,567 rows, 82.1 MiB/s": what is known of it.
std::string amounts(const ProgressState& state) {
  std::string text = format_bytes(state.raw);
  if (state.raw_total > state.raw) text += fmt::format(" of {}", format_bytes(state.raw_total));
  text += ", " + counted(state.rows, "row");
  const double rate = bytes_per_second(state);
  return rate > 0 ? text + fmt::format(", {}/s", format_bytes(static_cast<std::uint64_t>(rate))) : text;
}

bool moving(const ProgressState& state) {
  return state.parts > 0 || state.raw > 0;
}

}  // namespace

std::uint64_t expected_total(const ProgressState& state) {
  // A part that is under way is taken as planned.
  const std::uint64_t under_way = state.raw - std::min(state.raw, state.settled_raw);
  const std::uint64_t done = std::min(state.raw_total, state.settled_planned + under_way);
  if (state.settled_planned == 0 || done == 0) return state.raw_total;
  return static_cast<std::uint64_t>(static_cast<double>(state.raw) / static_cast<double>(done) *
                                    static_cast<double>(state.raw_total));
}

std::vector<std::string> bar_lines(const ProgressState& state, unsigned width, bool colour) {
  std::string head = state.phase;
  if (moving(state) && state.raw_total > 0) {
    const auto filled = static_cast<unsigned>(share_done(state) * kBarWidth);
    head +=
        fmt::format(" [{}{}] {:3.0f}%  {}", std::string(filled, '#'), std::string(kBarWidth - filled, '-'),
                    std::floor(share_done(state) * 100), time_left(state));
  } else {
    head += fmt::format("  {}", clock_text(state.seconds));
  }
  std::vector<std::string> lines = {fitted(head, width)};
  if (colour && lines[0].starts_with(state.phase)) {
    lines[0] = fmt::format("\x1b[1m{}\x1b[0m{}", state.phase, lines[0].substr(state.phase.size()));
  }
  if (moving(state)) lines.push_back(fitted("  " + amounts(state), width));
  for (std::size_t i = 0; i < state.workers.size(); ++i) {
    if (state.workers[i].empty()) continue;
    lines.push_back(fitted(fmt::format("  {}  {}", i + 1, printable(state.workers[i])), width));
  }
  return lines;
}

std::string progress_line(const ProgressState& state) {
  std::string line = fmt::format("{} {}", clock_text(state.seconds), state.phase);
  if (!moving(state)) return line;
  line += ": ";
  if (state.raw_total > 0) line += fmt::format("{:.0f}%, ", std::floor(share_done(state) * 100));
  line += amounts(state);
  if (const std::string left = time_left(state); !left.empty()) line += ", " + left;
  if (state.parts > 0) line += fmt::format(", {} of {} parts", state.parts_done, state.parts);
  return line;
}

Progress::Progress(Style style, bool colour, std::function<std::string(const ProgressState&)> line)
    : style_(style), colour_(colour), line_(std::move(line)) {
  if (style_ != Style::none) ticker_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Progress::~Progress() {
  ticker_ = {};
  erase();
}

void Progress::phase(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    // A phase begins with what its own plan says; a plan that came just before it stays.
    if (state_.parts_done >= state_.parts) {
      state_ = {};
      raw_ = rows_ = 0;
    }
    state_.phase = printable(name);
  }
  if (style_ == Style::lines) print_line();
}

void Progress::plan(std::uint64_t parts, std::uint64_t raw_bytes) {
  const std::lock_guard lock(mutex_);
  state_.parts = parts;
  state_.parts_done = 0;
  state_.raw_total = raw_bytes;
  state_.settled_planned = state_.settled_raw = 0;
  raw_ = rows_ = 0;
  planned_at_ = clock_.seconds();
}

void Progress::part_started(unsigned worker, std::string_view object) {
  if (style_ == Style::none) return;
  const std::lock_guard lock(mutex_);
  if (state_.workers.size() <= worker) state_.workers.resize(worker + 1);
  state_.workers[worker] = object;
}

void Progress::advanced(std::uint64_t raw_bytes, std::uint64_t rows) {
  raw_.fetch_add(raw_bytes, std::memory_order_relaxed);
  rows_.fetch_add(rows, std::memory_order_relaxed);
}

void Progress::settled(std::uint64_t planned_bytes, std::uint64_t raw_bytes) {
  const std::lock_guard lock(mutex_);
  state_.settled_planned += planned_bytes;
  state_.settled_raw += raw_bytes;
}

void Progress::part_finished(unsigned worker) {
  const std::lock_guard lock(mutex_);
  ++state_.parts_done;
  if (worker < state_.workers.size()) state_.workers[worker].clear();
}

void Progress::beside(const std::function<void()>& write) {
  const std::lock_guard lock(screen_);
  erase();
  write();
}

ProgressState Progress::snapshot() const {
  const std::lock_guard lock(mutex_);
  ProgressState state = state_;
  state.raw = raw_;
  state.rows = rows_;
  state.seconds = clock_.seconds();
  state.moving_seconds = state.seconds - planned_at_;
  state.raw_total = expected_total(state);
  return state;
}

void Progress::run(const std::stop_token& stop) {
  const std::chrono::milliseconds pause = style_ == Style::live ? kRedraw : kLineEvery;
  std::mutex waiting;
  std::unique_lock lock(waiting);
  while (!wake_.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
    style_ == Style::live ? draw() : print_line();
  }
}

void Progress::print_line() {
  const ProgressState state = snapshot();
  if (state.phase.empty()) return;
  const std::string line = line_(state) + "\n";
  const std::lock_guard lock(screen_);
  // Not fmt::print, which throws where stderr can't be written.
  std::fputs(line.c_str(), stderr);
}

void Progress::draw() {
  const ProgressState state = snapshot();
  if (state.phase.empty()) return;
  const std::vector<std::string> lines = bar_lines(state, terminal_width() - 1, colour_);
  const std::lock_guard lock(screen_);
  std::string out;
  if (lines_shown_ > 0) out += fmt::format("\x1b[{}A", lines_shown_);
  for (const std::string& line : lines) out += fmt::format("\r{}\x1b[K\n", line);
  out += "\x1b[J";
  lines_shown_ = lines.size();
  std::fputs(out.c_str(), stderr);
}

void Progress::erase() {
  if (lines_shown_ > 0) std::fputs(fmt::format("\x1b[{}A\r\x1b[J", lines_shown_).c_str(), stderr);
  lines_shown_ = 0;
}

Progress::Style style_for_stderr(bool quiet) {
  if (quiet) return Progress::Style::none;
  const char* terminal = std::getenv("TERM");
  const bool movable = terminal && *terminal && std::string_view(terminal) != "dumb";
  return isatty(STDERR_FILENO) && movable ? Progress::Style::live : Progress::Style::lines;
}

bool colour_on_stderr() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDERR_FILENO) && !(no_colour && *no_colour);
}

}  // namespace pgassay::cli
