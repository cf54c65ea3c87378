#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/render/text/report_text.h"
#include "cli/render/text/tables.h"

namespace pgassay::cli {
namespace {

std::string action_of(const retention::PrunedBackup& one, bool dry_run) {
  if (one.decision.keep) return "keep";
  if (dry_run) return "would remove";
  return one.removed ? "removed" : "to remove";
}

std::string rule_of(const retention::Decision& decision) {
  const std::string rule(to_string(decision.rule));
  return decision.detail.empty() ? rule : fmt::format("{} ({})", rule, decision.detail);
}

std::vector<std::string> cells_of(const retention::PrunedBackup& one, bool dry_run) {
  std::vector<std::string> cells = {one.backup.id.shown(), "", ""};
  if (const auto& summary = one.backup.summary) {
    cells[1] = format_age(std::chrono::duration<double>(now() - summary->snapshot.taken).count());
    cells[2] = format_bytes(summary->stored_bytes);
  }
  cells.push_back(one.decision.keep ? "" : format_bytes(one.frees));
  cells.push_back(action_of(one, dry_run));
  cells.push_back(rule_of(one.decision));
  return cells;
}

}  // namespace

std::string pruned_text(std::span<const retention::PruneReport> reports, bool dry_run) {
  TextTable table({{"ID"},
                   {"AGE", Align::right},
                   {"SIZE", Align::right},
                   {"FREES", Align::right},
                   {"DECISION"},
                   {"RULE"}});
  std::size_t kept = 0, going = 0;
  std::uint64_t freed = 0;
  for (const retention::PruneReport& report : reports) {
    for (const retention::PrunedBackup& one : report.backups) {
      table.row(cells_of(one, dry_run));
      const bool counts = !one.decision.keep && (dry_run || one.removed);
      (counts ? going : kept) += 1;
      freed += counts ? one.frees : 0;
    }
  }
  if (kept + going == 0) return "no backups\n";
  return table.text() + (dry_run ? fmt::format("would remove {} and keep {}: {} would come free\n",
                                               counted(going, "backup"), kept, format_bytes(freed))
                                 : fmt::format("removed {}, kept {}: {} came free\n",
                                               counted(going, "backup"), kept, format_bytes(freed)));
}

}  // namespace pgassay::cli
