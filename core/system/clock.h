#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pgassay {

/// A duration as people and files write it. Figures that were measured are doubles named seconds, as in JSON.
using Seconds = std::chrono::duration<double>;

using Time = std::chrono::sys_time<std::chrono::microseconds>;

Time now();
std::string to_rfc3339(Time time);          ///< 2026-11-23T02:00:00.123456Z, whole seconds without a fraction
Time parse_rfc3339(std::string_view text);  ///< UTC only ("Z" or "+00:00"); throws Error
std::string to_stamp(Time time);            ///< 20261123T020000Z

/// A moment that survives this process, and clocks that are set, but no restart of the host.
std::string boot_moment();
/// Seconds since that moment; nothing: it is of another boot, or none.
std::optional<double> seconds_since(std::string_view boot_moment);

/// Seconds since construction, on the steady clock.
class Stopwatch {
 public:
  double seconds() const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace pgassay
