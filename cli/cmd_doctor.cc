#include <fmt/format.h>

#include "backup/doctor.h"
#include "cli/command.h"
#include "cli/json_doctor.h"
#include "cli/resolve.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

/// The one that is named, or every configured one; where there is none, what flags and environment lead to.
std::vector<BackupOptions> examined(const Context& context) {
  const BackupArguments& named = context.arguments.backup;
  std::vector<BackupOptions> all;
  if (!named.configured_source.empty() || named.dbname || named.source_name || context.config.sources.empty())
    return {backup_options(context.arguments, context.config, context.reporter)};
  for (const auto& [name, source] : context.config.sources) {
    Arguments arguments = context.arguments;
    arguments.backup.configured_source = name;
    all.push_back(backup_options(arguments, context.config, context.reporter));
  }
  return all;
}

std::string diagnosis_text(const Diagnosis& diagnosis, bool quiet) {
  std::string text;
  for (const PreflightFinding& finding : diagnosis.findings) {
    if (quiet && finding.weight == PreflightFinding::Weight::passed) continue;
    text += fmt::format("  {:<8} {}: {}\n", shown(finding.weight), finding.check, printable(finding.text));
    if (!finding.hint.empty()) text += fmt::format("           hint: {}\n", printable(finding.hint));
  }
  return text.empty() ? text : printable(diagnosis.subject) + "\n" + text;
}

}  // namespace

Exit run_doctor(Context& context) {
  const Path root = repository_path(context.arguments, context.config);
  const BackupArguments& named = context.arguments.backup;
  std::vector<Diagnosis> diagnoses;
  if (named.configured_source.empty() && !named.dbname) diagnoses.push_back(examine_host(root, context.stop));
  for (const BackupOptions& options : examined(context))
    diagnoses.push_back(examine_source(root, options, context.stop));
  Exit exit = Exit::done;
  std::string text;
  for (const Diagnosis& diagnosis : diagnoses) {
    if (!diagnosis.can_back_up()) exit = Exit::refused;
    text += diagnosis_text(diagnosis, context.arguments.quiet);
  }
  set_diagnoses(context.reply, diagnoses);
  context.reporter.print(text);
  return exit;
}

}  // namespace pgassay::cli
