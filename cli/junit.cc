#include <fmt/format.h>

#include <algorithm>

#include "cli/run_drill.h"
#include "core/repository/utf8.h"

namespace pgassay::cli {
namespace {

/// XML 1.0 has no way to write most control characters, nor bytes that are no UTF-8.
std::string escaped(std::string_view text) {
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

double seconds_of(const Evidence& evidence) {
  return std::chrono::duration<double>(evidence.finished - evidence.started).count();
}

std::string test_case(const BackupId& id, const Check& check) {
  std::string xml =
      fmt::format(R"(    <testcase classname="{}" name="{}")", escaped(id.shown()), escaped(check.name));
  if (check.verdict == Verdict::pass) return xml + "/>\n";
  const char* element = check.verdict == Verdict::fail ? "failure" : "error";
  return xml + fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\"/>\n    </testcase>\n", element,
                           to_string(check.verdict), escaped(check.detail));
}

}  // namespace

std::string junit_xml(const BackupId& id, const Evidence& evidence) {
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(evidence.checks, verdict, &Check::verdict);
  };
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="{}" time="{:.3f}")", evidence.checks.size(),
                  count(Verdict::fail), count(Verdict::unverified), seconds_of(evidence));
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml += fmt::format("<testsuites {}>\n", counts);
  xml += fmt::format("  <testsuite name=\"pgassay drill\" {} timestamp=\"{}\" hostname=\"{}\">\n", counts,
                     to_rfc3339(evidence.started), escaped(evidence.host));
  for (const Check& check : evidence.checks) xml += test_case(id, check);
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace pgassay::cli
