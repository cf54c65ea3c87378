#include "cli/render/text/backup_text.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "core/system/printable.h"

namespace pgassay::cli {

std::string backed_up_text(const Place& dir, const ManifestSummary& backup,
                           const std::vector<LeftOut>& left_out, const std::vector<ToolWords>& tools_said,
                           const std::string& repo) {
  const double seconds = std::chrono::duration<double>(backup.finished - backup.started).count();
  std::string text = fmt::format("backup  {}\n", printable(backup.id.shown()));
  text += fmt::format("path    {}\n", printable(dir.string()));
  text += fmt::format("rows    {} in {}\n", format_count(backup.rows), counted(backup.tables, "table"));
  text += fmt::format("bytes   {} -> {} stored, {} new\n", format_bytes(backup.raw_bytes),
                      format_bytes(backup.stored_bytes), format_bytes(backup.new_bytes));
  text += fmt::format("time    {}\n", format_seconds(seconds));
  for (const LeftOut& one : left_out) {
    text += fmt::format("left out {}: {}\n", printable(one.what), printable(one.why));
  }
  for (const ToolWords& words : tools_said) text += printable(words.shown()) + "\n";
  text += fmt::format("prove it: pgassay verify{} {}\n", printable(repo), printable(backup.id.shown()));
  return text;
}

}  // namespace pgassay::cli
