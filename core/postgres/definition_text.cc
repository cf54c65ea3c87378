#include "core/postgres/definition_text.h"

#include <optional>
#include <vector>

#include "core/stream/sha256.h"

namespace pgassay {
namespace {

constexpr std::string_view kArray = "ARRAY[", kOpen = "(ARRAY[";

/// Behind the literal or the quoted name that begins at `at`; its quote is doubled inside of it.
std::size_t past_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (++at; at < text.size(); ++at) {
    if (text[at] != quote) continue;
    if (at + 1 < text.size() && text[at + 1] == quote)
      ++at;
    else
      return at + 1;
  }
  return text.size();
}

/// The elements of an array whose '[' is at `open`, and where its ']' is. Nothing where there is none.
struct Elements {
  std::vector<std::string_view> each;
  std::size_t close;
};
std::optional<Elements> elements_of(std::string_view text, std::size_t open) {
  Elements elements{{}, 0};
  int depth = 0;
  std::size_t begin = open + 1;
  for (std::size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\'') {
      at = past_quoted(text, at) - 1;
      continue;
    }
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    const bool ends = depth == 0;
    if (!ends && !(c == ',' && depth == 1)) continue;
    elements.each.push_back(text.substr(begin, at - begin));
    begin = at + 1;
    while (begin < text.size() && text[begin] == ' ') ++begin;
    if (!ends) continue;
    elements.close = at;
    return elements;
  }
  return std::nullopt;
}

/// The name of the type behind "::" at `at`, where it is one of an array: "text" of "::text[]".
std::optional<std::string_view> element_type(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "::") return std::nullopt;
  std::size_t end = at + 2;
  while (end < text.size() && text[end] != '[') {
    const char c = text[end];
    const bool of_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                         c == '_' || c == '.' || c == ' ' || c == '"' || c == '\\' || (c & 0x80) != 0;
    if (!of_name) return std::nullopt;
    ++end;
  }
  if (text.substr(end, 2) != "[]" || end == at + 2) return std::nullopt;
  return text.substr(at + 2, end - at - 2);
}

/// Each element with the cast; arrays in an array pass it on.
std::string pushed_down(const Elements& elements, std::string_view type) {
  std::string out(kArray);
  for (std::size_t i = 0; i < elements.each.size(); ++i) {
    if (i > 0) out += ", ";
    const std::string_view element = elements.each[i];
    const auto inner = element.starts_with(kArray) ? elements_of(element, kArray.size() - 1) : std::nullopt;
    if (inner && inner->close + 1 == element.size())
      out += pushed_down(*inner, type);
    else if (!element.empty())
      out += "(" + std::string(element) + ")::" + std::string(type);
  }
  return out + "]";
}

}  // namespace

std::string canonical_definition(std::string_view text) {
  if (text.find(kCastOfAnArray) == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\'') {
      const std::size_t end = past_quoted(text, at);
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    if (text.substr(at).starts_with(kOpen)) {
      const auto elements = elements_of(text, at + kOpen.size() - 1);
      if (elements && text.substr(elements->close + 1, 1) == ")") {
        if (const auto type = element_type(text, elements->close + 2)) {
          out += pushed_down(*elements, *type);
          at = elements->close + 2 + 2 + type->size() + 2;
          continue;
        }
      }
    }
    out += text[at++];
  }
  return out;
}

std::string hashed_definition(std::string_view text) {
  constexpr std::size_t kDigits = 32;
  return std::string(kDefinitionHash) +
         sha256_of(as_bytes(canonical_definition(text))).hex().substr(0, kDigits);
}

}  // namespace pgassay
