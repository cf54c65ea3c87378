#include "cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/config.h"
#include "cli/units.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

constexpr const char* kEverywhere = "Everywhere";

void add_common(CLI::App& app, Arguments& arguments) {
  app.add_option("--repo", arguments.repo,
                 "the repository's directory (else $PGASSAY_REPO, else 'repository' in the configuration)")
      ->option_text("DIR")
      ->group(kEverywhere);
  app.add_option("--config", arguments.config,
                 "configuration (else $PGASSAY_CONFIG, ./pgassay.toml, /etc/pgassay/pgassay.toml)")
      ->option_text("FILE")
      ->group(kEverywhere);
  app.add_flag("--json", arguments.json, "one JSON document on stdout, also on failure")->group(kEverywhere);
  app.add_flag("-q,--quiet", arguments.quiet, "no progress and no summary; warnings and errors only")
      ->group(kEverywhere);
  app.add_flag("-v,--verbose", arguments.verbose, "more messages, with times")->group(kEverywhere);
  app.set_help_flag("-h,--help", "this text")->group(kEverywhere);
}

CLI::App& add_command(CLI::App& app, const char* name, const char* what, const char* examples) {
  CLI::App& command = *app.add_subcommand(name, what)->group("Commands");
  command.footer(std::string("Examples:\n") + examples);
  return command;
}

void add_jobs(CLI::App& command, std::optional<unsigned>& jobs, const char* what) {
  command.add_option("-j,--jobs", jobs, what)->option_text("N")->check(CLI::Range(1u, kMaxJobs));
}

void add_selection(CLI::App& command, Selection& selection) {
  command.add_option("--source", selection.source, "only backups of this source")->option_text("NAME");
  command.add_option("--database", selection.database, "only backups of this database")->option_text("NAME");
}

void add_one_id(CLI::App& command, Selection& selection) {
  command
      .add_option(
          "ID", selection.ids,
          "latest (of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its beginning")
      ->required()
      ->expected(1)
      ->option_text(" ");
}

void declare_backup(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      add_command(app, "backup", "take a backup of one database",
                  "  pgassay backup prod                          a source of the configuration\n"
                  "  pgassay backup --repo /var/backups/pg -d app  a local database\n"
                  "  pgassay backup -d 'host=db1 user=backup dbname=app' --source db1 -j4\n"
                  "  pgassay backup prod --label before-migration --pin\n");
  BackupArguments& backup = arguments.backup;
  command.add_option("SOURCE", backup.configured_source, "a source of the configuration")->option_text(" ");
  command
      .add_option("-d,--dbname", backup.dbname,
                  "database name, conninfo or URI; else PGHOST, PGDATABASE, PGSERVICE, …")
      ->option_text("CONN");
  command
      .add_option("--source", backup.source_name,
                  "the source's name in the repository (default: the server's host name)")
      ->option_text("NAME");
  add_jobs(command, backup.jobs, "connections that copy (default: CPUs, at most 4)");
  command.add_option("-Z,--compress", backup.compression, "zstd level (default 1)")
      ->option_text("1..19")
      ->check(CLI::Range(1, kMaxCompression));
  command.add_option("--label", backup.label, "a note on this backup")->option_text("TEXT");
  command.add_flag("--pin", backup.pin, "keep it for good: prune never takes a pinned backup");
  command
      .add_option("--exclude-table-data", backup.exclude_table_data,
                  "leave out the rows of tables SCHEMA.TABLE (* and ?); repeatable")
      ->option_text("PATTERN")
      ->allow_extra_args(false);
  command
      .add_option("--lock-timeout", backup.lock_timeout,
                  "how long to wait for a table's lock before letting go (default 10)")
      ->option_text("SECONDS");
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
  command.add_flag("--no-role-passwords", backup.no_role_passwords, "leave the roles' password hashes out");
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

void declare_restore(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      add_command(app, "restore", "bring a backup back into an empty database, and prove it",
                  "  pgassay restore latest --create                       under its own name\n"
                  "  pgassay restore latest --create --into app_copy\n"
                  "  pgassay restore prod/app/20261123T020000Z -d 'host=db2 user=postgres' --into app\n");
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
      .add_option("--roles", restore.roles, "create the roles that are missing, or none (default missing)")
      ->option_text("missing|none")
      ->check(CLI::IsMember({"missing", "none"}));
  add_jobs(command, restore.jobs, "connections that load (default: CPUs, at most 4)");
  CLI::Option* prove = command.add_flag("--prove", restore.prove,
                                        "compare every row with the backup's digests afterwards (default)");
  command.add_flag("--no-prove", restore.no_prove, "don't")->excludes(prove);
  command.add_flag("--no-owner", restore.no_owner, "all objects belong to the role that restores");
  command.add_flag("--no-role-passwords", restore.no_role_passwords, "new roles get no password");
}

bool any_command(const CLI::App*) {
  return true;
}

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// A stray word may be a connection string, or the half of one.
std::string without_secrets(const std::string& word) {
  return word.substr(0, std::min(word.find('='), word.find("://")));
}

/// CLI11's own words, but for what nobody expected.
UsageError usage_error(const CLI::App& app, const std::vector<std::string>& words,
                       const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const std::string hint = "see pgassay" + (chosen.empty() ? "" : " " + chosen[0]->get_name()) + " --help";
  if (!dynamic_cast<const CLI::ExtrasError*>(&error)) return UsageError(error.what(), hint);
  if (!chosen.empty()) {
    const std::vector<std::string> extra = chosen[0]->remaining();
    if (extra.empty()) return UsageError(error.what(), hint);
    const std::string name = without_secrets(extra[0]);
    return UsageError(
        "unexpected argument '" + printable(name) + "'" + did_you_mean(name, long_options(*chosen[0])), hint);
  }
  std::vector<std::string> commands;
  for (const CLI::App* command : app.get_subcommands(any_command)) commands.push_back(command->get_name());
  const auto word = std::ranges::find_if(words, [](const std::string& one) { return !one.starts_with("-"); });
  if (word == words.end()) return UsageError(error.what(), hint);
  return UsageError(
      "unknown command '" + printable(without_secrets(*word)) + "'" + did_you_mean(*word, commands), hint);
}

}  // namespace

Invocation parse_command_line(const std::vector<std::string>& words) {
  Invocation invocation;
  Arguments& arguments = invocation.arguments;
  CLI::App app("pgassay takes logical backups of PostgreSQL databases, and proves them.", "pgassay");
  add_common(app, arguments);
  app.set_version_flag("-V,--version", "pgassay " PGASSAY_VERSION, "the version")->group(kEverywhere);
  app.footer(
      "pgassay COMMAND --help shows a command's options and examples.\n"
      "Exit status: 0 done, 1 failed, 2 usage, 3 bad backup, 4 could not verify, 5 locked, 6 refused.");
  app.require_subcommand(0, 1);
  declare_backup(app, arguments);
  declare_list(app, arguments);
  declare_show(app, arguments);
  declare_verify(app, arguments);
  declare_restore(app, arguments);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    add_common(*command, arguments);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    invocation.answer = app.help();
    return invocation;
  } catch (const CLI::CallForVersion& version) {
    invocation.answer = version.what() + std::string("\n");
    return invocation;
  } catch (const CLI::ParseError& error) {
    throw usage_error(app, words, error);
  }
  if (app.get_subcommands().empty()) throw UsageError("no command given", "see pgassay --help");
  arguments.command = app.get_subcommands()[0]->get_name();
  if (arguments.quiet && arguments.verbose) throw UsageError("--quiet and --verbose exclude each other");
  return invocation;
}

std::string command_among(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    for (const char* command : {"backup", "list", "show", "verify", "restore"}) {
      if (word == command) return word;
    }
  }
  return {};
}

bool asks_for_json(const std::vector<std::string>& words) {
  const auto end = std::ranges::find(words, "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace pgassay::cli
