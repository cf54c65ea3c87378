#include "verify/schema_archive.h"

#include <fmt/format.h>

#include "core/postgres/pg_tool.h"
#include "core/repository/layout.h"
#include "core/system/error.h"

namespace pgassay::verify {
namespace {

std::optional<Check> no_pg_restore(const Manifest& manifest, std::optional<PgTool>& tool,
                                   std::stop_token stop) {
  try {
    tool = choose_pg_restore(manifest.server.version, manifest.summary.pg_dump_version_num, stop);
    return std::nullopt;
  } catch (const Refused& refused) {
    const std::string hint = refused.hint().empty() ? "" : "; " + refused.hint();
    return Check{check::kSchema, Verdict::unverified, fmt::format("not read: {}{}", refused.what(), hint)};
  }
}

}  // namespace

Check check_schema_archive(const Place& backup_dir, const Manifest& manifest, VerifyFindings& findings,
                           std::stop_token stop) {
  const std::string file(kSchemaFile);
  if (findings.out_of_reach(check::kSchema)) return findings.conclude(check::kSchema, "");
  if (!is_regular_file(backup_dir / file)) {
    if (!findings.any(check::kSchema))
      findings.add(check::kSchema, {file, "schema", "is not there to be read"});
    return findings.conclude(check::kSchema, "");
  }
  std::optional<PgTool> tool;
  if (const auto unverified = no_pg_restore(manifest, tool, stop)) {
    return findings.any(check::kSchema) ? findings.conclude(check::kSchema, "") : *unverified;
  }
  Command command{tool->argv, {}, {}, -1};
  command.argv.insert(command.argv.end(), {"-f", "/dev/null"});
  const Fd archive = append_archive(command, *tool, backup_dir / file);
  const Completed completed = run(command, stop);
  if (!completed.ok()) findings.add(check::kSchema, {file, "schema", "pg_restore: " + completed.complaint()});
  return findings.conclude(check::kSchema,
                           fmt::format("read to its end by pg_restore {}", tool->version_text));
}

}  // namespace pgassay::verify
