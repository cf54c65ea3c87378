#include "cli/command/declare.h"

namespace pgassay::cli {

void declare_export(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "export", "write a backup as one SQL script for psql, or one table's rows",
      "  pgassay export latest | psql -X -d empty_database    all or nothing; set -o pipefail in scripts\n"
      "  pgassay export latest --no-owner --no-acl --output app.sql\n"
      "  pgassay export latest --table public.orders > orders.copy\n"
      "  pgassay export latest --table public.orders --format csv --header --output orders.csv\n");
  ExportArguments& exporting = arguments.exporting;
  add_one_id(command, arguments.selection);
  add_selection(command, arguments.selection);
  command
      .add_option("-o,--output", exporting.output,
                  "a file that appears once it is complete (default: stdout)")
      ->option_text("FILE");
  CLI::Option* table =
      command.add_option("--table", exporting.table, "only the rows of this table, of a partitioned one all")
          ->option_text("SCHEMA.TABLE");
  command
      .add_option("--format", exporting.format,
                  "of rows: copy (COPY's text, default), csv, or binary (of tables of --binary-table)")
      ->option_text("copy|csv|binary")
      ->check(CLI::IsMember({"copy", "csv", "binary"}))
      ->needs(table);
  command.add_flag("--header", exporting.header, "of csv: the columns' names come first")->needs(table);
  command.add_flag("--no-owner", exporting.no_owner, "all objects will belong to the role that runs psql")
      ->excludes(table);
  command.add_flag("--no-acl", exporting.no_acl, "no GRANT and REVOKE")->excludes(table);
  command.add_flag("--no-tablespaces", exporting.no_tablespaces, "everything in the default tablespace")
      ->excludes(table);
  command
      .add_flag("--no-single-transaction", exporting.no_single_transaction,
                "a transaction for each table: where one can't hold all the locks")
      ->excludes(table);
  command
      .add_flag("--no-restrict", exporting.no_restrict,
                "without \\restrict, which psql before 13.22, 14.19, 15.14, 16.10, 17.6 does not know")
      ->excludes(table);
}

}  // namespace pgassay::cli
