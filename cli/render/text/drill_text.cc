#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/render/text/drill_text.h"
#include "cli/render/text/tables.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

constexpr std::size_t kMostShown = 100;

std::string fact_of(const Evidence& evidence, const char* name) {
  const auto found = evidence.facts.find(name);
  return found == evidence.facts.end() ? std::string() : found->second;
}

std::uint64_t number_of(const Evidence& evidence, const char* name) {
  return std::strtoull(fact_of(evidence, name).c_str(), nullptr, 10);
}

bool passed(const Evidence& evidence, std::string_view name) {
  return std::ranges::any_of(evidence.checks, [&](const Check& check) {
    return check.name == name && check.verdict == Verdict::pass;
  });
}

std::string checks_text(const Evidence& evidence, bool all_checks) {
  std::string text;
  std::size_t shown = 0, left = 0;
  for (const Check& check : evidence.checks) {
    if (check.verdict == Verdict::pass && !all_checks) continue;
    if (check.verdict != Verdict::pass && ++shown > kMostShown) {
      ++left;
      continue;
    }
    text += fmt::format("  {:<10}  {}: {}\n", to_string(check.verdict), printable(check.name),
                        printable(check.detail));
  }
  if (left > 0) text += fmt::format("  … and {} more in the evidence\n", format_count(left));
  for (const Finding& finding : evidence.findings)
    text += fmt::format("  {}: {}: {}\n", printable(finding.file), finding.kind, printable(finding.detail));
  return text;
}

std::string where_text(const Evidence& evidence) {
  const std::string image = fact_of(evidence, drill::fact::kImage);
  return fmt::format("PostgreSQL {}, engine {}{}", fact_of(evidence, drill::fact::kServerVersion),
                     fact_of(evidence, drill::fact::kEngine), image.empty() ? "" : ", image " + image);
}

}  // namespace

std::string drill_sentence(const Evidence& evidence) {
  std::string sentence;
  if (passed(evidence, "tables"))
    sentence = fmt::format("all {} in {} are identical",
                           counted(number_of(evidence, drill::fact::kRowsCompared), "row"),
                           counted(number_of(evidence, drill::fact::kTablesCompared), "table"));
  const auto seconds = fact_of(evidence, kRestoreSeconds);
  if (!seconds.empty())
    sentence +=
        fmt::format("{}restored in {}", sentence.empty() ? "" : "; ", format_seconds(std::stod(seconds)));
  const auto bad = std::ranges::count(evidence.checks, Verdict::fail, &Check::verdict),
             open = std::ranges::count(evidence.checks, Verdict::unverified, &Check::verdict);
  const auto add = [&](std::ptrdiff_t count, const char* what) {
    if (count > 0)
      sentence += fmt::format("{}{} {}", sentence.empty() ? "" : "; ",
                              counted(static_cast<std::uint64_t>(count), "check"), what);
  };
  add(bad, "failed");
  add(open, "could not be made");
  return sentence;
}

std::string drill_text(const BackupId& id, const drill::DrillReport& report, bool all_checks) {
  const Evidence& evidence = report.evidence;
  std::string text = fmt::format("drill of {}: {}\n", printable(id.shown()), printable(where_text(evidence)));
  text += checks_text(evidence, all_checks);
  if (all_checks) {
    TextTable phases({{""}, {"", Align::right}});
    for (const PhaseTime& phase : evidence.phases) phases.row({phase.name, format_seconds(phase.seconds)});
    text += phases.text(2);
    for (const std::string& note : evidence.notes) text += fmt::format("note: {}\n", printable(note));
  }
  text += fmt::format("{}: {}\n", to_string(evidence.verdict), drill_sentence(evidence));
  if (!evidence.file.empty()) text += fmt::format("evidence: {}\n", printable(evidence.file.string()));
  return text;
}

}  // namespace pgassay::cli
