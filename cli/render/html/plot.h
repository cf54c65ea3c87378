// Plots as inline SVG without a viewBox: across in per cent, down in pixels, so that a plot is as wide as the
// page and its letters, dots and lines keep their size on a phone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/verdict.h"

namespace pgassay::cli {

/// What the left and the right edge are; at least two days apart.
struct TimeSpan {
  Time from, to;
};

struct Mark {
  Time at;
  std::optional<Verdict> verdict;  ///< none: a plain bar
  std::string title;               ///< escaped
};

/// A row of the timeline.
struct Lane {
  std::string name;
  std::vector<Mark> marks;
};

/// `label`: the plot in words, escaped. `overdue`: since then a backup is missing; that stretch is shaded.
/// Marks outside of the span are left out.
std::string timeline(const std::string& label, const TimeSpan& span, const std::vector<Lane>& lanes,
                     std::optional<Time> overdue);

struct Point {
  Time at;
  double value;
  std::string title;  ///< escaped; may be empty
};

enum class Unit { bytes, seconds };

/// `line` is drawn as one, with dots where `dots`; `bars` (may be empty) on the same scale, which begins at
/// 0.
std::string line_plot(const std::string& label, const TimeSpan& span, Unit unit,
                      const std::vector<Point>& line, const std::vector<Point>& bars, bool dots);

}  // namespace pgassay::cli
