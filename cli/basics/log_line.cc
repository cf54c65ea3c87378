#include "cli/basics/log_line.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/basics/json.h"
#include "core/system/clock.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

/// LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG of syslog(3).
int priority(Level level) {
  switch (level) {
    case Level::debug:
      return 7;
    case Level::info:
      return 6;
    case Level::warning:
      return 4;
    case Level::error:
      return 3;
  }
  return 3;
}

std::string json_line(Level level, std::string_view text, std::span<const LogField> fields) {
  Json line = {{"time", to_rfc3339(now())}, {"level", name_of(level)}, {"message", text}};
  for (const LogField& field : fields)
    std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
  return line.text(-1);
}

}  // namespace

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
  }
  return "error";
}

std::string log_line(LogFormat format, Level level, std::string_view text, std::span<const LogField> fields) {
  if (format == LogFormat::json) return json_line(level, text, fields);
  std::string line = fmt::format("<{}>{}", priority(level), printable(text));
  for (const LogField& field : fields)
    if (field.name == "hint")
      line += fmt::format("\n<{}>  hint: {}", priority(level), printable(std::get<std::string>(field.value)));
  return line;
}

bool stderr_is_journal() {
  const char* named = std::getenv("JOURNAL_STREAM");
  struct stat is {};
  return named && ::fstat(STDERR_FILENO, &is) == 0 && named == fmt::format("{}:{}", is.st_dev, is.st_ino);
}

LogFormat log_format_in(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--log-format";
  const auto end = std::ranges::find(words, "--");
  std::string_view asked;
  for (auto word = words.begin(); word != end; ++word) {
    if (*word == kOption && word + 1 != end) asked = word[1];
    if (word->starts_with(std::string(kOption) + "="))
      asked = std::string_view(*word).substr(kOption.size() + 1);
  }
  if (asked == "json") return LogFormat::json;
  return asked.empty() && stderr_is_journal() ? LogFormat::journal : LogFormat::text;
}

}  // namespace pgassay::cli
