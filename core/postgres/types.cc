#include "core/postgres/types.h"

#include <charconv>

#include "core/system/error.h"

namespace pgassay {

Oid parse_oid(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error("not an object id: " + std::string(text));
  }
  return Oid{value};
}

std::string to_string(Oid oid) {
  return std::to_string(static_cast<std::uint32_t>(oid));
}

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string quote_literal(std::string_view text) {
  // E'' whatever standard_conforming_strings says, but only where it matters.
  const bool escapes = text.find('\\') != std::string_view::npos;
  std::string quoted = escapes ? "E'" : "'";
  for (const char c : text) {
    if (c == '\'' || (escapes && c == '\\')) quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

std::string text_array(const std::vector<std::string>& elements) {
  std::string list;
  for (const std::string& element : elements) {
    list += list.empty() ? "\"" : ",\"";
    for (const char c : element) {
      if (c == '"' || c == '\\') list += '\\';
      list += c;
    }
    list += '"';
  }
  return "{" + list + "}";
}

}  // namespace pgassay
