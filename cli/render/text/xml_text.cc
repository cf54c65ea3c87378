#include "cli/render/text/xml_text.h"

#include <fmt/format.h>

#include "core/system/printable.h"

namespace pgassay::cli {

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text, "\n\t")) {
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
