// What was measured, and how it is told: medians with their spread, ratios of medians with their targets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgassay::bench {

struct Target {
  double at_most;
  std::optional<double> aim = std::nullopt;  ///< what we would like
};

class Results {
 public:
  explicit Results(std::string title) : title_(std::move(title)) {}
  void add(const std::string& series, double seconds);
  void add_peak(const std::string& series, long kib);
  void add_seconds_and_peak(const std::string& series, double seconds, long kib);

  void print_series() const;
  void print_ratio(const std::string& series, const std::string& to, std::optional<Target> target) const;
  /// The highest peak of the series against a limit.
  void print_peak(const std::string& series, double limit_mib) const;
  static void print_figure(const std::string& what, double value, const std::string& unit, Target target);

 private:
  std::string title_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<double>> seconds_;
  std::map<std::string, long> peaks_;
};

}  // namespace pgassay::bench
