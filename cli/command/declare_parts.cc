#include <initializer_list>

#include "cli/command/declare.h"

namespace pgassay::cli {
namespace {

CLI::Option* add_patterns(CLI::App& command, const char* name, std::vector<std::string>& patterns,
                          const char* what) {
  return command.add_option(name, patterns, what)->option_text("PATTERN")->allow_extra_args(false);
}

}  // namespace

void declare_parts(CLI::App& command, PartsArguments& parts) {
  CLI::Option* table = add_patterns(
      command, "--table", parts.tables,
      "only tables SCHEMA.TABLE (* and ?) that the database of -d lacks, or with --create a new one, "
      "with what belongs to them and what they need; repeatable");
  add_patterns(command, "--exclude-table", parts.exclude_tables, "without these tables; repeatable");
  CLI::Option* as = command
                        .add_option("--as", parts.as,
                                    "beside what is in the database of -d: new tables of the columns and "
                                    "rows of --table; a star in "
                                    "NEW stands for the table's own name")
                        ->option_text("NEW");
  CLI::Option* data =
      command.add_flag("--data-only", parts.data_only,
                       "rows only, into tables of the database of -d that are there and empty");
  CLI::Option* schema = command.add_flag("--schema-only", parts.schema_only,
                                         "everything but rows, values of sequences and large objects");
  command.add_option("--role", parts.role, "SET ROLE to this one first")->option_text("ROLE");
  command.add_flag("--no-acl", parts.no_acl, "grant nothing: leave out all privileges");
  as->needs(table);
  schema->excludes(as);
  data->excludes(as)->excludes(schema);
  for (CLI::Option* rows : {as, data})
    for (const char* other : {"--create", "--roles", "--no-owner", "--no-acl"})
      rows->excludes(command.get_option(other));
}

}  // namespace pgassay::cli
