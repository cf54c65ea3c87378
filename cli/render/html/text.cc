#include "cli/render/html/text.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/render/text/xml_text.h"
#include "core/system/utf8.h"

namespace pgassay::cli {

std::string html(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return xml_escaped(text);
  std::size_t end = longest;
  // Back to where a character begins.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return xml_escaped(text.substr(0, end)) + "…";
}

std::string html_time(Time time) {
  const std::string text = to_rfc3339(time);
  return fmt::format("<time datetime={}>{} {}</time>", text, text.substr(0, 10), text.substr(11, 5));
}

std::string html_time(const std::optional<Time>& time, const char* otherwise) {
  return time ? html_time(*time) : otherwise;
}

std::string html_data(std::uint64_t value, const std::string& shown) {
  return fmt::format("<data value={}>{}</data>", value, shown);
}

std::string html_data(double value, const std::string& shown) {
  return fmt::format("<data value={}>{}</data>", value, shown);
}

std::string html_bytes(std::uint64_t bytes) {
  return html_data(bytes, format_bytes(bytes));
}

std::string html_verdict(Verdict verdict) {
  const char* colour = verdict == Verdict::pass ? "ok" : verdict == Verdict::fail ? "critical" : "warning";
  return fmt::format("<b class={}>{}</b>", colour, to_string(verdict));
}

std::string html_health(nightly::Health health) {
  constexpr const char* kColours[] = {"ok", "warning", "critical", "warning"};
  return fmt::format("<b class={}>{}</b>", kColours[static_cast<int>(health)], to_string(health));
}

std::string html_table(const std::string& name, const std::string& head, const std::string& rows) {
  return fmt::format(
      "<div class=scroll role=region aria-label=\"{0}\" tabindex=0><table>"
      "<thead><tr>{1}</tr></thead><tbody>\n{2}</tbody></table></div>\n",
      name, head, rows);
}

}  // namespace pgassay::cli
