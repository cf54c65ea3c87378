#include "stack/model/env_dialects.h"

#include <cctype>

namespace pgassay::stack {
namespace {

constexpr char kDollars[] = "${NAME} for a variable, single quotes for a $ itself";

bool begins_a_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// NAME or NAME:-DEFAULT, without another variable in it.
bool is_read_alike(std::string_view expression) {
  std::size_t end = 0;
  while (end < expression.size() &&
         (begins_a_name(expression[end]) ||
          (end > 0 && std::isdigit(static_cast<unsigned char>(expression[end])) != 0)))
    ++end;
  if (end == 0) return false;
  const std::string_view rest = expression.substr(end);
  return rest.empty() || (rest.starts_with(":-") && rest.find_first_of("$`{") == std::string_view::npos);
}

/// Of a $ that is not in single quotes, at `at`.
std::optional<TwoReadings> of_a_dollar(std::string_view text, std::size_t at) {
  const char next = at + 1 < text.size() ? text[at + 1] : ' ';
  if (next == '$')
    return TwoReadings{"keeps both of two $", "makes one $ of two",
                       "single quotes, with as many $ as the value has"};
  if (begins_a_name(next))
    return TwoReadings{"keeps the $ and what follows", "takes that for a variable", kDollars};
  if (next != '{') return std::nullopt;
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos)
    return TwoReadings{"keeps a ${ without its }", "refuses the file", "single quotes", true};
  if (is_read_alike(text.substr(at + 2, end - at - 2))) return std::nullopt;
  return TwoReadings{"knows ${NAME} and ${NAME:-DEFAULT} alone", "knows more, and refuses what it does not",
                     "write one of these two, or single quotes"};
}

std::optional<TwoReadings> of_plain(std::string_view text, bool in_double_quotes) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_double_quotes && text[i] == '\\' && i + 1 < text.size()) {
      if (text[i + 1] == '$')
        return TwoReadings{"keeps a backslash before a $", "drops it",
                           "single quotes, without the backslash"};
      if (text[i + 1] == '\'')
        return TwoReadings{"drops a backslash before a '", "keeps it", "leave the backslash out"};
      ++i;
    } else if (text[i] == '$') {
      if (const auto found = of_a_dollar(text, i)) return found;
    } else if (!in_double_quotes && text[i] == '#' && i > 0 && text[i - 1] == '\t') {
      return TwoReadings{"takes a # behind a tabulator for a comment", "takes it for a part of the value",
                         "a blank before the #; or quotes"};
    }
  }
  return std::nullopt;
}

std::optional<TwoReadings> of_single_quotes(std::string_view text) {
  if (text.find("\\\\") != std::string_view::npos)
    return TwoReadings{"makes one backslash of two, in single quotes, too", "keeps both", "double quotes"};
  const std::size_t at = text.find("${");
  if (at == std::string_view::npos || text.find('}', at) == std::string_view::npos) return std::nullopt;
  return TwoReadings{"takes ${…} for a variable, in single quotes, too", "keeps it as it stands",
                     "${NAME} without quotes for a variable; else take a value without ${"};
}

}  // namespace

std::optional<TwoReadings> read_differently(std::string_view raw) {
  if (raw.empty() || (raw[0] != '\'' && raw[0] != '"')) {
    const std::size_t comment = raw.find(" #");
    return of_plain(raw.substr(0, comment), false);
  }
  std::size_t end = 1;
  while (end < raw.size() && raw[end] != raw[0]) end += raw[end] == '\\' ? 2 : 1;
  if (end >= raw.size())
    return TwoReadings{"leaves it unset", "refuses the file", "close the quote, or take the one away", true};
  const std::string_view inside = raw.substr(1, end - 1), rest = raw.substr(end + 1);
  const auto found = raw[0] == '"' ? of_plain(inside, true) : of_single_quotes(inside);
  const std::size_t more = rest.find_first_not_of(" \t\r");
  if (!found && more != std::string_view::npos && rest[more] != '#')
    return TwoReadings{"leaves it unset", "drops what follows the closing quote, or refuses the file",
                       "put all of the value between the quotes", true};
  return found;
}

}  // namespace pgassay::stack
