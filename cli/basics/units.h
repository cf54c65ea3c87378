// Sizes, counts, durations and names, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/system/clock.h"

namespace pgassay::cli {

std::string format_bytes(std::uint64_t bytes);  ///< "0 B", "1.5 KiB", "12.3 GiB"
std::string format_count(std::uint64_t count);  ///< "1,234,567"
std::string format_seconds(double seconds);     ///< "0.25 s", "12.3 s", "2 min 05 s", "1 h 02 min"
std::string format_age(double seconds);         ///< "5 min", "3 h", "12 days"
std::string counted(std::uint64_t count, std::string_view one);  ///< "1 table", "2,000 tables"

/// "90s", "30m", "12h", "7d", "2w", or "0". None when it is something else.
std::optional<Seconds> parse_duration(std::string_view text);

/// "512MB", "2 GiB", "1073741824": bytes, where a unit is 1024 times the one before, as PostgreSQL counts.
/// None when it is something else, or 0.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// "50MB/s", "1 GiB/s": bytes in a second, by the units of parse_bytes().
std::optional<std::uint64_t> parse_rate(std::string_view text);

/// "; did you mean 'x'?" when one of the candidates is near, else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace pgassay::cli
