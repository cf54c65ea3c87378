// How long a container may take until its health check has a verdict
// (https://docs.docker.com/reference/dockerfile/#healthcheck).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/system/clock.h"

namespace pgassay::stack {

/// For containers that have no health check, or a quick one.
inline constexpr Seconds kUsualPatience{180};

struct HealthCheck {
  /// docker's own, where nothing is said.
  Seconds start_period{0}, interval{30}, timeout{30};
  int retries = 3;

  /// Until it says unhealthy, should every try hang.
  Seconds patience() const { return start_period + (retries + 1) * (interval + timeout); }
  bool operator==(const HealthCheck&) const = default;
};

/// Of what docker says: start period, interval and timeout in nanoseconds, and retries; 0: nothing is said.
/// Nothing where these are no four numbers: the container has no health check.
std::optional<HealthCheck> health_check_of(std::string_view four_numbers);
/// "1m30s", "500ms", as compose writes it; nothing where it is none.
std::optional<Seconds> parse_compose_duration(std::string_view text);

/// What to do about a container that is slow: of its start period, and of what it has now.
std::string longer_start_period(const HealthCheck& check);

}  // namespace pgassay::stack
