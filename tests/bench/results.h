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

/// What one run took.
struct Cost {
  double seconds = 0;  ///< by the clock
  double cpu = 0;      ///< processor seconds, of the program and the server together; 0: not known
  double server = 0;   ///< of those, the server's
};

class Results {
 public:
  explicit Results(std::string title) : title_(std::move(title)) {}
  void add(const std::string& series, const Cost& cost);
  void add_peak(const std::string& series, long kib);

  void print_series() const;
  /// Of the clock's medians, with the same ratio of processor seconds behind it where both are known.
  void print_ratio(const std::string& series, const std::string& to, std::optional<Target> target) const;
  /// Of processor seconds alone, all of them.
  void print_cpu_ratio(const std::string& series, const std::string& to,
                       std::optional<Target> target = std::nullopt) const;
  /// Of the server's alone.
  void print_server_ratio(const std::string& series, const std::string& to,
                          std::optional<Target> target = std::nullopt) const;
  /// The highest peak of the series against a limit.
  void print_peak(const std::string& series, double limit_mib) const;
  static void print_figure(const std::string& what, double value, const std::string& unit, Target target);

 private:
  std::string title_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<double>> seconds_, cpu_, server_;
  std::map<std::string, long> peaks_;
};

}  // namespace pgassay::bench
