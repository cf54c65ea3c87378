#include "cli/command/declare.h"
#include "cli/config/config.h"

namespace pgassay::cli {
namespace {

void add_container(CLI::App& command, BackupArguments& backup) {
  CLI::Option* container =
      command
          .add_option("--container", backup.container,
                      "the server's container: address, user, password, pg_dump are found out")
          ->option_text("NAME");
  command.add_option("--container-engine", backup.container_engine, "whose container (default: auto)")
      ->option_text("auto|docker|podman")
      ->check(CLI::IsMember({"auto", "docker", "podman"}))
      ->needs(container);
}

}  // namespace

void declare_backup(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "backup", "take a backup of one database, or of each of a server",
      "  pgassay backup prod                          a source of the configuration\n"
      "  pgassay backup --repo /var/backups/pg -d app  a local database\n"
      "  pgassay backup -d 'host=db1 user=backup dbname=app' --source db1 -j4\n"
      "  pgassay backup --container shop-db-1          a server in a container of docker or podman\n"
      "  pgassay backup prod --label before-migration --pin\n"
      "  pgassay backup prod --drill                  and restore it into a throwaway server\n"
      "  pgassay backup prod --all-databases          each by itself; the worst status counts\n");
  BackupArguments& backup = arguments.backup;
  add_server(command, backup);
  add_jobs(command, backup.jobs, "connections that copy (default: CPUs, at most 4)");
  command.add_option("-Z,--compress", backup.compression, "zstd level (default 1)")
      ->option_text("1..19")
      ->check(CLI::Range(1, kMaxCompression));
  command.add_option("--label", backup.label, "a note on this backup")->option_text("TEXT");
  command.add_flag("--pin", backup.pin, "keep it for good: prune never takes a pinned backup");
  command.add_flag("--drill", backup.drill,
                   "drill it right afterwards, as the configuration says: see pgassay drill");
  command
      .add_option("--exclude-table-data", backup.exclude_table_data,
                  "leave out the rows of tables SCHEMA.TABLE (* and ?); repeatable")
      ->option_text("PATTERN")
      ->allow_extra_args(false);
  command
      .add_option(
          "--binary-table", backup.binary_table,
          "keep the rows of tables SCHEMA.TABLE (* and ?) in COPY's binary format, which holds fields that "
          "pass 1 GB as text; repeatable")
      ->option_text("PATTERN")
      ->allow_extra_args(false);
  command
      .add_option("--lock-timeout", backup.lock_timeout,
                  "how long to wait for a table's lock before letting go (default 10)")
      ->option_text("SECONDS");
  command
      .add_option("--stall-timeout", backup.stall_timeout,
                  "how long the server may send nothing while it copies rows (default 5m; 0: for ever)")
      ->option_text("DURATION");
  command
      .add_option("--lock-policy", backup.lock_policy,
                  "when others queue behind our locks: warn (default), or yield")
      ->option_text("warn|yield")
      ->check(CLI::IsMember({"warn", "yield"}));
  command
      .add_option("--pg-dump", backup.pg_dump,
                  "the pg_dump to use (default: one that fits the server is found)")
      ->option_text("PATH");
  command
      .add_option("--full-every", backup.full_every,
                  "store all parts anew after this long (default 7d; 0: always)")
      ->option_text("DURATION");
  add_all_databases(command, backup);
  command.add_flag("--no-role-passwords", backup.no_role_passwords, "leave the roles' password hashes out");
}

void add_server(CLI::App& command, BackupArguments& backup) {
  command.add_option("SOURCE", backup.configured_source, "a source of the configuration")->option_text(" ");
  command
      .add_option("-d,--dbname", backup.dbname,
                  "database name, conninfo or URI; else PGHOST, PGDATABASE, PGSERVICE, …")
      ->option_text("CONN");
  add_container(command, backup);
  command
      .add_option("--source", backup.source_name,
                  "the source's name in the repository (default: the server's host name)")
      ->option_text("NAME");
}

void add_all_databases(CLI::App& command, BackupArguments& backup) {
  CLI::Option* all = command.add_flag("--all-databases", backup.all_databases,
                                      "every database of the server, each by itself; templates are left out");
  command
      .add_option("--exclude-database", backup.exclude_databases,
                  "of --all-databases: leave out those that fit (* and ?); repeatable")
      ->option_text("PATTERN")
      ->allow_extra_args(false)
      ->needs(all);
}

void declare_list(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(app, "list", "what backups there are",
                                  "  pgassay list\n"
                                  "  pgassay list --source prod --database app\n"
                                  "  pgassay list --json | jq -r '.backups[-1].path'\n");
  add_selection(command, arguments.selection);
}

void declare_show(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(app, "show", "all about one backup",
                                  "  pgassay show latest\n"
                                  "  pgassay show prod/app/20261123T020000Z --tables\n");
  add_one_id(command, arguments.selection);
  add_selection(command, arguments.selection);
  command.add_flag("--tables", arguments.all_tables, "every table, not just the largest");
}

void declare_verify(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "verify", "prove that the stored bytes are what was written, and decode to what was read",
      "  pgassay verify                               the latest backup, where there is one database\n"
      "  pgassay verify --database app                the latest of this one\n"
      "  pgassay verify prod/app/20261123T020000Z\n"
      "  pgassay verify --all --read-data-subset 2/7  a seventh of the data each night\n");
  command
      .add_option("ID", arguments.selection.ids,
                  "latest (default; of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its "
                  "beginning")
      ->option_text(" ");
  add_selection(command, arguments.selection);
  command.add_flag("--all", arguments.verify.all, "every backup there is");
  command
      .add_option("--read-data-subset", arguments.verify.subset,
                  "read the n-th of t shares of the data; every other check in full")
      ->option_text("n/t");
  add_jobs(command, arguments.verify.jobs, "files read at a time (default: CPUs, at most 4)");
}

}  // namespace pgassay::cli
