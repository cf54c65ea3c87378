#include "cli/command/declare.h"

namespace pgassay::cli {

void declare_restore(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "restore", "bring a backup back into an empty database, and prove it",
      "  pgassay restore latest --create                       under its own name\n"
      "  pgassay restore latest --create --into app_copy\n"
      "  pgassay restore prod/app/20261123T020000Z -d 'host=db2 user=postgres' --into app\n"
      "  pgassay restore latest --create --resume              after an interruption\n"
      "  pgassay restore latest --replace app                  app is live; it stays as app_before_ID\n"
      "  pgassay restore ID --replace app --drop-old           later: only drops app_before_ID\n"
      "  pgassay restore latest -d app --table public.orders   where it was dropped\n"
      "  pgassay restore latest -d app --table public.orders --as orders_before\n"
      "  pgassay restore latest --create --into some --table 'public.order*'\n");
  RestoreArguments& restore = arguments.restore;
  add_one_id(command, arguments.selection);
  add_selection(command, arguments.selection);
  command.add_option("-d,--dbname", restore.dbname, "the server: conninfo or URI; else PGHOST, PGSERVICE, …")
      ->option_text("CONN");
  command
      .add_option("--into", restore.into,
                  "the database to restore into; it must be empty, or made by --create")
      ->option_text("DB");
  command.add_flag("--create", restore.create,
                   "create the database, with the backup's encoding, locale and settings");
  command
      .add_option("--replace", restore.replace,
                  "restore beside this database, prove the copy, then swap the names; the old one is kept")
      ->option_text("DB");
  command.add_flag("--drop-old", restore.drop_old,
                   "restore nothing: drop what an earlier --replace DB by this backup has kept");
  command.add_flag("--resume", restore.resume,
                   "go on with what an interrupted restore of this backup left; no row is loaded twice");
  command
      .add_option("--roles", restore.roles, "create the roles that are missing, or none (default missing)")
      ->option_text("missing|none")
      ->check(CLI::IsMember({"missing", "none"}));
  add_jobs(command, restore.jobs, "connections that load (default: CPUs, at most 4)");
  CLI::Option* prove = command.add_flag("--prove", restore.prove,
                                        "compare every row with the backup's digests afterwards (default)");
  command.add_flag("--no-prove", restore.no_prove, "don't")->excludes(prove);
  command.add_flag("--no-owner", restore.no_owner, "all objects belong to the role that restores");
  command.add_flag("--no-role-passwords", restore.no_role_passwords, "new roles get no password");
  declare_parts(command, restore.parts);
}

}  // namespace pgassay::cli
