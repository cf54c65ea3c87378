#include "stack/model/health_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <utility>

namespace pgassay::stack {

std::optional<HealthCheck> health_check_of(std::string_view text) {
  std::array<std::int64_t, 4> said{};
  const char *at = text.data(), *const end = at + text.size();
  for (std::int64_t& number : said) {
    while (at != end && *at == ' ') ++at;
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc{}) return std::nullopt;
    at = read.ptr;
  }
  HealthCheck check;
  const auto seconds = [](std::int64_t nanoseconds) {
    return Seconds(static_cast<double>(nanoseconds) / 1e9);
  };
  if (said[0] > 0) check.start_period = seconds(said[0]);
  if (said[1] > 0) check.interval = seconds(said[1]);
  if (said[2] > 0) check.timeout = seconds(said[2]);
  if (said[3] > 0) check.retries = static_cast<int>(said[3]);
  return check;
}

std::optional<Seconds> parse_compose_duration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"h", 3600}, {"ms", 1e-3}, {"m", 60},
                                                            {"s", 1},    {"us", 1e-6}, {"ns", 1e-9}};
  Seconds sum{0};
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    const auto* const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                          [&](const auto& one) { return text.starts_with(one.first); });
    if (unit == std::end(kUnits)) return std::nullopt;
    sum += Seconds(number * unit->second);
    text.remove_prefix(unit->first.size());
  }
  return sum;
}

std::string longer_start_period(const HealthCheck& check) {
  return fmt::format(
      "where only its first start takes so long, write a longer start_period (now {:.0f} s, then {} tries, "
      "{:.0f} s apart) into its "
      "healthcheck",
      check.start_period.count(), check.retries, check.interval.count());
}

}  // namespace pgassay::stack
