#include "core/repository/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "core/system/utf8.h"

namespace pgassay {
namespace {

std::string hex_of(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

}  // namespace

void JsonText::object(Layout layout) {
  if (!open_.empty()) begin_element();
  open('{', '}', layout);
}

void JsonText::object(Key key, Layout layout) {
  begin_element(key);
  open('{', '}', layout);
}

void JsonText::array(Key key, Layout layout) {
  begin_element(key);
  open('[', ']', layout);
}

void JsonText::open(char opening, char closing, Layout layout) {
  text_ += opening;
  open_.push_back({closing, layout});
}

void JsonText::end() {
  const Open last = open_.back();
  open_.pop_back();
  if (last.layout == Layout::block && !last.empty) text_.append("\n").append(2 * open_.size(), ' ');
  text_ += last.closing;
  if (open_.empty()) text_ += '\n';
}

void JsonText::text(std::string_view value) {
  begin_element();
  quote(value);
}

void JsonText::text(Key key, std::string_view value) {
  begin_element(key);
  quote(value);
}

void JsonText::flag(Key key, bool value) {
  begin_element(key);
  text_ += value ? "true" : "false";
}

void JsonText::seconds(Key key, double value) {
  begin_element(key);
  text_ += fmt::format("{:.3f}", std::isfinite(value) ? value : 0.0);
}

void JsonText::null() {
  begin_element();
  text_ += "null";
}

void JsonText::begin_element() {
  Open& in = open_.back();
  if (!in.empty) text_ += ',';
  if (in.layout == Layout::block) {
    text_.append("\n").append(2 * open_.size(), ' ');
  } else if (!in.empty) {
    text_ += ' ';
  }
  in.empty = false;
}

void JsonText::begin_element(Key key) {
  begin_element();
  quote(key.name);
  text_ += ": ";
}

void JsonText::quote(std::string_view value) {
  if (!is_utf8(value)) {
    text_.append("{\"hex\": \"").append(hex_of(value)).append("\"}");
    return;
  }
  text_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text_.append(1, '\\').append(1, c);
    } else if (c == '\n') {
      text_ += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      text_ += fmt::format("\\u{:04x}", byte);
    } else {
      text_ += c;
    }
  }
  text_ += '"';
}

}  // namespace pgassay
