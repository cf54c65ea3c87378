// Lines on stderr for other programs: JSON lines, and what journald makes of a level.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/system/observer.h"

namespace pgassay::cli {

/// journal: each line begins with <N>, a level of syslog's (sd-daemon(3)).
enum class LogFormat { text, journal, json };

/// --log-format among the words, also before they are parsed, so that even a usage error is a line of it;
/// else journal when stderr leads there, else text.
LogFormat log_format_in(const std::vector<std::string>& words);

struct LogField {
  std::string_view name;
  std::variant<std::string, std::uint64_t, double> value;
};

/// One line without its line feed: {"time", "level", "message", and the fields}; or <N> and the message,
/// where a field "hint" is a line of its own.
std::string log_line(LogFormat format, Level level, std::string_view text, std::span<const LogField> fields);

/// Is stderr the very stream that $JOURNAL_STREAM names (systemd.exec(5))?
bool stderr_is_journal();

std::string_view name_of(Level level);  ///< debug, info, warning, error

}  // namespace pgassay::cli
