#include "tests/bench/results.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgassay::bench {

namespace {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

void print(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string judged(double value, const Target& target) {
  std::string text =
      fmt::format("target <= {:<6.4g} {}", target.at_most, value <= target.at_most ? "met" : "MISSED");
  if (target.aim)
    text += fmt::format(", aim {:.4g} {}", *target.aim, value <= *target.aim ? "met" : "not yet");
  return text;
}

}  // namespace

void Results::add(const std::string& series, const Cost& cost) {
  if (!seconds_.contains(series)) order_.push_back(series);
  seconds_[series].push_back(cost.seconds);
  if (cost.cpu > 0) cpu_[series].push_back(cost.cpu);
  if (cost.server > 0) server_[series].push_back(cost.server);
}

void Results::add_peak(const std::string& series, long kib) {
  peaks_[series] = std::max(peaks_[series], kib);
}

void Results::print_series() const {
  print("\n" + title_);
  for (const std::string& name : order_) {
    const std::vector<double>& values = seconds_.at(name);
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const auto cpu = cpu_.find(name);
    print(fmt::format("  {:<44} {:9.3f} s   min {:.3f}  max {:.3f}  of {}{}", name, median(values), *least,
                      *most, values.size(),
                      cpu == cpu_.end()
                          ? ""
                          : fmt::format("   CPU {:.3f} s, {:.3f} s the server's", median(cpu->second),
                                        server_.contains(name) ? median(server_.at(name)) : 0.0)));
  }
}

void Results::print_ratio(const std::string& series, const std::string& to,
                          std::optional<Target> target) const {
  const double ratio = median(seconds_.at(series)) / median(seconds_.at(to));
  print(fmt::format("  RATIO {:<70} {:7.3f}   {}", series + " / " + to, ratio,
                    target ? judged(ratio, *target) : "no target"));
}

void Results::print_cpu_ratio(const std::string& series, const std::string& to,
                              std::optional<Target> target) const {
  const double ratio = median(cpu_.at(series)) / median(cpu_.at(to));
  print(fmt::format("    CPU {:<70} {:7.3f}   {}", series + " / " + to, ratio,
                    target ? judged(ratio, *target) : ""));
}

void Results::print_server_ratio(const std::string& series, const std::string& to,
                                 std::optional<Target> target) const {
  const double ratio = median(server_.at(series)) / median(server_.at(to));
  print(fmt::format("  CPU of the server {:<58} {:7.3f}   {}", series + " / " + to, ratio,
                    target ? judged(ratio, *target) : "no target"));
}

void Results::print_peak(const std::string& series, double limit_mib) const {
  print_figure("peak memory of " + series, static_cast<double>(peaks_.at(series)) / 1024, "MiB", {limit_mib});
}

void Results::print_figure(const std::string& what, double value, const std::string& unit, Target target) {
  print(fmt::format("  {:<76} {:7.2f} {}   {}", what, value, unit, judged(value, target)));
}

}  // namespace pgassay::bench
