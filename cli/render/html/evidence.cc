#include "cli/render/html/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/basics/units.h"
#include "cli/render/html/text.h"

namespace pgassay::cli {
namespace {

/// A page that a phone can load: the files have the rest.
constexpr std::size_t kFailuresShown = 20, kPassesShown = 20, kRowsShown = 20;

std::string and_more(std::size_t left_out, std::string_view what, const Evidence& evidence) {
  return left_out == 0 ? ""
                       : fmt::format("<p class=muted>and {} in {}</p>", counted(left_out, what),
                                     html(evidence.file.filename().string()));
}

std::string checks_table(const Evidence& evidence) {
  std::vector<const Check*> checks;
  for (const Check& check : evidence.checks) checks.push_back(&check);
  std::ranges::stable_sort(checks, {}, [](const Check* check) { return check->verdict == Verdict::pass; });
  std::string rows;
  for (std::size_t i = 0; i < checks.size() && i < kRowsShown; ++i)
    rows += fmt::format("<tr><td class=w>{}<td>{}<td class=t>{}\n", html_verdict(checks[i]->verdict),
                        html(checks[i]->name), html(checks[i]->detail));
  if (rows.empty()) return "<p>no check was made</p>";
  return html_table("Checks", "<th>Verdict<th>Check<th>Detail", rows) +
         and_more(checks.size() - std::min(checks.size(), kRowsShown), "more check", evidence);
}

std::string findings_table(const Evidence& evidence) {
  std::string rows;
  for (std::size_t i = 0; i < evidence.findings.size() && i < kRowsShown; ++i) {
    const Finding& finding = evidence.findings[i];
    rows += fmt::format("<tr><td>{}<td>{}<td class=t>{}\n", html(finding.kind), html(finding.file),
                        html(finding.detail));
  }
  if (rows.empty()) return "";
  const std::size_t count = evidence.findings.size();
  return html_table("Findings", "<th>Finding<th>File<th>Detail", rows) +
         and_more(count - std::min(count, kRowsShown), "more finding", evidence);
}

std::string facts_list(const Evidence& evidence) {
  std::string text = "<dl class=pairs>";
  const auto pair = [&](std::string_view name, const std::string& shown) {
    text += fmt::format("<dt>{}<dd>{}", html(name), shown);
  };
  pair("host", html(evidence.host));
  pair("pgassay", html(evidence.tool_version));
  if (evidence.scope != "all") pair("scope", html(evidence.scope));
  for (const auto& [name, value] : evidence.facts) pair(name, html(value));
  std::string phases;
  for (const PhaseTime& phase : evidence.phases)
    phases +=
        fmt::format("{}{} {}", phases.empty() ? "" : ", ", html(phase.name), format_seconds(phase.seconds));
  if (!phases.empty()) pair("phases", phases);
  for (const std::string& note : evidence.notes) pair("note", html(note));
  pair("file", "<code>" + html(evidence.file.string()) + "</code>");
  return text + "</dl>";
}

std::string proving_html(const Proving& proving) {
  const Evidence& evidence = proving.evidence;
  const double seconds = std::chrono::duration<double>(evidence.finished - evidence.started).count();
  return fmt::format(
      "<details><summary>{} {} of <span class=id>{}</span> <span class=muted>{}, took {}</span></summary>\n"
      "<div>{}{}{}</div></details>\n",
      html_verdict(evidence.verdict), html(evidence.kind), html(proving.backup->id.stamp),
      html_time(evidence.finished), format_seconds(seconds), checks_table(evidence), findings_table(evidence),
      facts_list(evidence));
}

}  // namespace

std::string evidence_section(std::span<const Proving> provings) {
  std::vector<const Proving*> shown;
  std::size_t failures = 0, passes = 0;
  for (auto at = provings.rbegin(); at != provings.rend(); ++at) {
    const bool passed = at->evidence.verdict == Verdict::pass;
    if (passed ? passes++ < kPassesShown : failures++ < kFailuresShown) shown.push_back(&*at);
  }
  std::string text = "<section class=evidence><h3>Evidence</h3>\n";
  if (provings.empty()) text += "<p>No backup was verified or drilled yet.</p>";
  for (const Proving* one : shown) text += proving_html(*one);
  if (shown.size() < provings.size())
    text += fmt::format(
        "<p class=muted>{} not shown here; they are in <code>evidence/</code> of each backup.</p>",
        counted(provings.size() - shown.size(), "older proof"));
  return text + "</section>\n";
}

}  // namespace pgassay::cli
