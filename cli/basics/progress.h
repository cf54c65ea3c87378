// How far a command is, on stderr: live bars on a terminal, else a line for each phase and one every ten
// seconds.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/system/clock.h"

namespace pgassay::cli {

/// What there is to show at one moment.
struct ProgressState {
  std::string phase;
  double seconds = 0;         ///< since the command began
  double moving_seconds = 0;  ///< since the plan was known
  std::uint64_t parts = 0, parts_done = 0;
  std::uint64_t raw_total = 0;  ///< 0: unknown
  std::uint64_t raw = 0, rows = 0;
  std::uint64_t settled_planned = 0,
                settled_raw = 0;     ///< of the parts that are done: as planned, and as it was
  std::vector<std::string> workers;  ///< the object each is on; empty: none
};

/// What raw_total will have been, as far as it can be told: tables that hold much free space have fewer bytes
/// of rows than of pages, others more.
std::uint64_t expected_total(const ProgressState& state);

/// The whole, how much of it, and a line for each busy worker; none is longer than `width`.
std::vector<std::string> bar_lines(const ProgressState& state, unsigned width, bool colour);
/// The same on one line, without the workers.
std::string progress_line(const ProgressState& state);

/// Any thread may call it.
class Progress {
 public:
  enum class Style { none, lines, live };
  /// `line`: what Style::lines prints, without the line feed. Called from any thread.
  Progress(Style style, bool colour, std::function<std::string(const ProgressState&)> line);
  ~Progress();  ///< takes the bars away
  Progress(const Progress&) = delete;

  void phase(std::string_view name);
  void plan(std::uint64_t parts, std::uint64_t raw_bytes);
  void part_started(unsigned worker, std::string_view object);
  void advanced(std::uint64_t raw_bytes, std::uint64_t rows);
  void settled(std::uint64_t planned_bytes, std::uint64_t raw_bytes);
  void part_finished(unsigned worker);
  /// Runs write() while no bar is on the screen, for whatever else goes to the terminal.
  void beside(const std::function<void()>& write);

 private:
  ProgressState snapshot() const;
  void run(const std::stop_token& stop);
  void print_line();
  void draw();
  void erase();

  const Style style_;
  const bool colour_;
  const std::function<std::string(const ProgressState&)> line_;
  const Stopwatch clock_;
  // Two locks, the screen's taken first: a terminal that is held with ^S must not hold up the workers.
  std::mutex screen_;
  std::size_t lines_shown_ = 0;
  mutable std::mutex mutex_;
  ProgressState state_;
  double planned_at_ = 0;
  std::atomic<std::uint64_t> raw_ = 0, rows_ = 0;
  std::condition_variable_any wake_;
  std::jthread ticker_;  ///< last: it ends before what it reads
};

/// live on a terminal that can move its cursor, lines elsewhere, none when quiet.
Progress::Style style_for_stderr(bool quiet);
/// Is stderr a terminal, and NO_COLOR unset or empty (https://no-color.org)?
bool colour_on_stderr();

}  // namespace pgassay::cli
