#include <fmt/format.h>

#include <algorithm>

#include "cli/render/text/drill_text.h"
#include "cli/render/text/xml_text.h"

namespace pgassay::cli {
namespace {

double seconds_of(const Evidence& evidence) {
  return std::chrono::duration<double>(evidence.finished - evidence.started).count();
}

std::string test_case(const BackupId& id, const Check& check, const std::string& name) {
  std::string xml =
      fmt::format(R"(    <testcase classname="{}" name="{}")", xml_escaped(id.shown()), xml_escaped(name));
  if (check.verdict == Verdict::pass) return xml + "/>\n";
  const char* element = check.verdict == Verdict::fail ? "failure" : "error";
  return xml + fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\"/>\n    </testcase>\n", element,
                           to_string(check.verdict), xml_escaped(check.detail));
}

}  // namespace

std::string junit_xml(const BackupId& id, const Evidence& evidence) {
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(evidence.checks, verdict, &Check::verdict);
  };
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="{}" time="{:.3f}")", evidence.checks.size(),
                  count(Verdict::fail), count(Verdict::unverified), seconds_of(evidence));
  std::string cases;
  const std::vector<std::string> names = unique_names(evidence.checks);
  for (std::size_t i = 0; i < names.size(); ++i) cases += test_case(id, evidence.checks[i], names[i]);
  return junit_document("pgassay drill", counts,
                        fmt::format(" timestamp=\"{}\" hostname=\"{}\"", to_rfc3339(evidence.started),
                                    xml_escaped(evidence.host)),
                        cases);
}

}  // namespace pgassay::cli
