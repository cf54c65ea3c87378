#include "cli/render/text/stack_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/render/text/xml_text.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

std::vector<const stack::StackFinding*> findings_of(const stack::StackCheckReport& report,
                                                    const stack::StackCheck& check) {
  std::vector<const stack::StackFinding*> found;
  for (const stack::StackFinding& finding : report.findings)
    if (finding.check == check.number && finding.stack == check.stack) found.push_back(&finding);
  return found;
}

/// "docker-compose.yml: services.api.ports: "
std::string place(const stack::StackFinding& finding) {
  std::string text;
  for (const std::string& part : {finding.file, finding.key})
    if (!part.empty()) text += part + ": ";
  return text;
}

std::string test_case(const stack::StackCheckReport& report, const stack::StackCheck& check) {
  const std::string begin = fmt::format(R"(    <testcase classname="{}" name="{} {}")",
                                        xml_escaped(check.stack), check.number, xml_escaped(check.name));
  if (check.verdict != stack::StackVerdict::fail && check.verdict != stack::StackVerdict::unverified)
    return begin + "/>\n";
  std::string all = check.detail;
  for (const stack::StackFinding* finding : findings_of(report, check)) {
    if (finding->weight == stack::StackVerdict::warning) continue;
    all += (all.empty() ? "" : "\n") + place(*finding) + finding->text + ". " + finding->hint;
  }
  return fmt::format("{}>\n      <{} message=\"{}\"/>\n    </testcase>\n", begin,
                     check.verdict == stack::StackVerdict::fail ? "failure" : "error", xml_escaped(all));
}

}  // namespace

std::string junit_xml(const stack::StackCheckReport& report, const std::string& suite) {
  const auto count = [&](stack::StackVerdict verdict) {
    return std::ranges::count(report.checks, verdict, &stack::StackCheck::verdict);
  };
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="{}")", report.checks.size(),
                  count(stack::StackVerdict::fail), count(stack::StackVerdict::unverified));
  std::string cases;
  for (const stack::StackCheck& check : report.checks) cases += test_case(report, check);
  return junit_document(suite, counts, "", cases);
}

std::string stack_check_text(const stack::StackCheckReport& report, bool quiet) {
  std::string text, stack;
  for (const stack::StackCheck& check : report.checks) {
    if (quiet &&
        (check.verdict == stack::StackVerdict::pass || check.verdict == stack::StackVerdict::warning))
      continue;
    if (stack != check.stack) text += printable(stack = check.stack) + "\n";
    text += fmt::format("  {:>2}  {:<10}  {}", check.number, to_string(check.verdict), check.name);
    text += check.detail.empty() ? "\n" : ": " + printable(check.detail) + "\n";
    for (const stack::StackFinding* finding : findings_of(report, check)) {
      if (quiet && finding->weight == stack::StackVerdict::warning) continue;
      text += fmt::format("        {} {}{}\n", finding->weight == stack::StackVerdict::fail ? "-" : "~",
                          printable(place(*finding)), printable(finding->text));
      if (!finding->hint.empty()) text += fmt::format("          hint: {}\n", printable(finding->hint));
    }
  }
  return text;
}

}  // namespace pgassay::cli
