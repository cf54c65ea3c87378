#include "cli/render/text/xml_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/repository/utf8.h"

namespace pgassay::cli {

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (std::size_t length; !text.empty(); text.remove_prefix(std::max<std::size_t>(length, 1))) {
    length = utf8_character(text);
    const char c = text[0];
    if (length > 1) {
      out += text.substr(0, length);
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        if (length == 0 || static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  return out;
}

std::string junit_document(const std::string& suite, const std::string& counts, const std::string& more,
                           const std::string& cases) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite name=\"{1}\" {0}{2}>\n{3}"
      "  </testsuite>\n</testsuites>\n",
      counts, suite, more, cases);
}

}  // namespace pgassay::cli
