#include <fmt/format.h>

#include "cli/command/resolve.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

void reject_empty(const std::vector<std::string>& patterns, const char* option) {
  for (const std::string& pattern : patterns)
    if (pattern.empty()) throw UsageError(std::string(option) + " is empty", "name a table: SCHEMA.TABLE");
}

}  // namespace

const char* part_asked_for(const PartsArguments& parts) {
  if (!parts.tables.empty()) return "--table";
  if (!parts.exclude_tables.empty()) return "--exclude-table";
  if (parts.data_only) return "--data-only";
  return parts.schema_only ? "--schema-only" : nullptr;
}

bool into_live(const RestoreArguments& arguments) {
  const PartsArguments& parts = arguments.parts;
  return parts.as || parts.data_only || (!parts.tables.empty() && !arguments.create && !parts.schema_only);
}

void choose_parts(const RestoreArguments& arguments, restore::RestoreOptions& options) {
  const PartsArguments& parts = arguments.parts;
  reject_empty(parts.tables, "--table");
  reject_empty(parts.exclude_tables, "--exclude-table");
  if (parts.role && parts.role->empty()) throw UsageError("--role is empty");
  if (parts.as && parts.as->empty()) throw UsageError("--as is empty", "--as NEW or --as SCHEMA.NEW");
  options.wanted = {parts.tables, parts.exclude_tables, !parts.schema_only};
  options.connection.role = parts.role.value_or("");
  options.acl = !parts.no_acl;
  options.as = parts.as.value_or("");
  options.data_only = parts.data_only;
  if (!into_live(arguments)) return;
  if (arguments.resume)
    throw UsageError(
        "--resume has no use here: what goes into a database that is there goes in one transaction, and an "
        "interruption leaves nothing of it",
        "leave it out: begin again");
  if (arguments.jobs || arguments.no_role_passwords)
    throw UsageError(fmt::format("{} has no use here: what goes into a database that is there goes in one "
                                 "transaction, and no role is made",
                                 arguments.jobs ? "--jobs" : "--no-role-passwords"),
                     "leave it out, or restore into a new database with --create");
  if (!options.into.empty()) options.connection = options.connection.with_database(options.into);
}

}  // namespace pgassay::cli
