// Pieces of HTML. Whatever comes from a database, a file or a configuration goes through html().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/repository/evidence.h"
#include "nightly/status.h"

namespace pgassay::cli {

inline constexpr std::size_t kLongestText = 400;

/// Escaped for text and for attributes in double quotes; cut after so many bytes, never inside a character.
std::string html(std::string_view text, std::size_t longest = kLongestText);
/// <time>, to the minute; the attribute has all of it.
std::string html_time(Time time);
std::string html_time(const std::optional<Time>& time, const char* otherwise);
/// <data>: a number for programs, words for people.
std::string html_data(std::uint64_t value, const std::string& shown);
std::string html_data(double value, const std::string& shown);
std::string html_bytes(std::uint64_t bytes);
/// A word in the colour of its meaning; never the colour alone.
std::string html_verdict(Verdict verdict);
std::string html_health(nightly::Health health);

/// A table that scrolls by itself where the page is narrow, and by the keyboard. `head`: the header's cells.
std::string html_table(const std::string& name, const std::string& head, const std::string& rows);

}  // namespace pgassay::cli
