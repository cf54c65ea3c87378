#include "cli/render/text/switch_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/basics/units.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

std::string rows_text(const std::optional<std::uint64_t>& rows) {
  return rows ? counted(*rows, "row") : "not there";
}

}  // namespace

std::string plan_text(const stack::SwitchPlan& plan, const std::string& name) {
  std::string text = fmt::format(
      "switch {}: the stack {} (project {}) is replaced by {} (project {})\n", printable(name),
      printable(plan.facts.at(stack::fact::kFrom)), printable(plan.facts.at(stack::fact::kFromProject)),
      printable(plan.facts.at(stack::fact::kTo)), printable(plan.facts.at(stack::fact::kToProject)));
  int number = 0;
  for (const stack::PlannedStep& step : plan.steps) {
    text += fmt::format("  {:>2}  {}: {}\n", ++number, to_string(step.step), printable(step.what));
    for (const std::string& command : step.commands) text += fmt::format("        {}\n", printable(command));
  }
  for (const std::string& note : plan.notes) text += fmt::format("  ~ {}\n", printable(note));
  for (const stack::Obstacle& one : plan.obstacles)
    text += fmt::format("  - {}\n      hint: {}\n", printable(one.text), printable(one.hint));
  return text;
}

std::string switched_text(const stack::SwitchReport& report, const std::string& name) {
  std::string text = fmt::format("switched {}: down-time {}; final backup {}, pinned\n", printable(name),
                                 format_seconds(report.downtime_seconds), printable(report.final_backup));
  for (const stack::VolumePair& one : report.carried)
    text += fmt::format("carried over: volume {} into {}\n", printable(one.from), printable(one.to));
  for (const std::string& one : report.volumes_left)
    text += fmt::format("not carried over: volume {}, which stays\n", printable(one));
  return text + fmt::format("back: pgassay stack rollback {}\n", printable(name));
}

std::string rolled_back_text(const stack::RollbackReport& report, const std::string& name) {
  if (!report.needed)
    return fmt::format("nothing to roll back: the old stack of {} is as it was\n", printable(name));
  std::string text = fmt::format("rolled back {}: {} started\n", printable(name),
                                 printable(fmt::format("{}", fmt::join(report.started, ", "))));
  if (report.saved.empty()) return text;
  text += fmt::format("what the new stack wrote is in {}, pinned\n", printable(report.saved));
  if (report.left_behind.empty()) return text + "the old database has every row of it\n";
  text += "not in the old database as the new one had it:\n";
  for (const stack::ChangedTable& one : report.left_behind)
    text += fmt::format("  {}: {}; in the old database {}\n", printable(one.table.shown()),
                        rows_text(one.after), rows_text(one.before));
  return text;
}

}  // namespace pgassay::cli
