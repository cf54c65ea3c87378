#include "core/system/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "core/system/error.h"

namespace pgassay {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::microseconds;

struct Fields {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<microseconds> time;
};

Fields fields(Time time) {
  auto midnight = floor<days>(time);
  return {std::chrono::year_month_day(midnight), std::chrono::hh_mm_ss<microseconds>(time - midnight)};
}

std::string formatted(Time time, fmt::string_view format) {
  auto [date, clock] = fields(time);
  return fmt::format(fmt::runtime(format), int{date.year()}, unsigned{date.month()}, unsigned{date.day()},
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

/// Takes digits and fixed characters off the front of a text; `good` turns false at the first that doesn't
/// fit.
struct Scanner {
  std::string_view rest;
  bool good = true;

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest.empty() || rest[0] < '0' || rest[0] > '9') return good = false;
      value = value * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }
  bool take(char expected) {
    if (rest.empty() || rest[0] != expected) return false;
    rest.remove_prefix(1);
    return true;
  }
  void need(char expected) { good = take(expected) && good; }
  bool at_digit() const { return !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; }
};

microseconds scan_fraction(Scanner& scan) {
  if (!scan.take('.')) return microseconds{0};
  if (!scan.at_digit()) scan.good = false;
  microseconds::rep value = 0, unit = 100'000;
  for (; scan.at_digit(); unit /= 10) value += unit * scan.digits(1);
  return microseconds{value};
}

}  // namespace

Time now() {
  return floor<microseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Time time) {
  std::string text = formatted(time, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}");
  auto fraction = fields(time).time.subseconds().count();
  if (fraction != 0) text += fmt::format(".{:06}", fraction);
  return text + "Z";
}

std::string to_stamp(Time time) {
  return formatted(time, "{:04}{:02}{:02}T{:02}{:02}{:02}Z");
}

Time parse_rfc3339(std::string_view text) {
  Scanner scan{text};
  int year = scan.digits(4);
  scan.need('-');
  unsigned month = static_cast<unsigned>(scan.digits(2));
  scan.need('-');
  unsigned day = static_cast<unsigned>(scan.digits(2));
  scan.need('T');
  int hour = scan.digits(2);
  scan.need(':');
  int minute = scan.digits(2);
  scan.need(':');
  int second = scan.digits(2);
  microseconds fraction = scan_fraction(scan);
  bool utc = scan.rest == "Z" || scan.rest == "+00:00";

  std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!scan.good || !utc || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    throw Error("not a time in UTC like 2026-11-23T02:00:00Z: " + std::string(text));
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + fraction;
}

namespace {

double boot_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

std::string boot_moment() {
  return fmt::format("{} {:.3f}", boot_id(), boot_clock());
}

std::optional<double> seconds_since(std::string_view boot_moment) {
  const std::size_t blank = boot_moment.find(' ');
  if (blank == std::string_view::npos || blank == 0 || boot_moment.substr(0, blank) != boot_id())
    return std::nullopt;
  const double since =
      boot_clock() - std::strtod(std::string(boot_moment.substr(blank + 1)).c_str(), nullptr);
  return std::max(0.0, since);
}

double Stopwatch::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace pgassay
