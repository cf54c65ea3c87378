#include "cli/command/declare.h"

namespace pgassay::cli {

void declare_doctor(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      add_command(app, "doctor", "can backups work here? what stands in the way, and what mends it",
                  "  pgassay doctor                               every configured source, and this host\n"
                  "  pgassay doctor prod\n"
                  "  pgassay doctor --repo /var/backups/pg -d app\n"
                  "  pgassay doctor --repo /var/backups/pg --container shop-db-1\n"
                  "  pgassay doctor prod --all-databases          each of the server's databases\n"
                  "Exit status 6: a backup could not work.\n");
  BackupArguments& backup = arguments.backup;
  add_server(command, backup);
  command
      .add_option("--pg-dump", backup.pg_dump,
                  "the pg_dump that backups would use (default: one that fits the server is found)")
      ->option_text("PATH");
  add_all_databases(command, backup);
}

}  // namespace pgassay::cli
