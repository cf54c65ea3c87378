#include "cli/command/restore_options.h"

#include <fmt/format.h>

#include "core/system/clock.h"
#include "core/system/error.h"
#include "restore/search_path.h"

namespace pgassay::cli {
namespace {

void add_parts(Options& options, PartsArguments& parts) {
  options.list(
      "--table", parts.tables, "PATTERN",
      "only tables SCHEMA.TABLE (* and ?) that the database of -d lacks, or with --create a new one, "
      "with what belongs to them and what they need; repeatable");
  options.list("--exclude-table", parts.exclude_tables, "PATTERN", "without these tables; repeatable");
  options
      .value("--as", &parts.as, "NEW",
             "beside what is in the database of -d: new tables of the columns and rows of --table; a star in "
             "NEW stands for the table's own name")
      .needs("--table")
      .excludes({"--create", "--roles", "--no-owner", "--no-acl"});
  options
      .flag("--data-only", parts.data_only,
            "rows only, into tables of the database of -d that are there and empty")
      .excludes({"--as", "--schema-only", "--create", "--roles", "--no-owner", "--no-acl"});
  options
      .flag("--schema-only", parts.schema_only, "everything but rows, values of sequences and large objects")
      .excludes({"--as"});
  options.value("--role", &parts.role, "ROLE", "SET ROLE to this one first");
  options.flag(
      "--trust-owners", parts.trust_owners,
      "into a database that is in use: let code of tables' owners (CHECKs, domains, generated columns, "
      "indexes) run with the rights of the restore");
  options.flag("--despite-host", parts.despite_host,
               "into a database that is made: go on where the server's host lacks a file, locale or library "
               "that objects need; "
               "those are lost, and told");
  options.flag("--distrust-owners", parts.distrust_owners,
               "into a database of its own: rows, CHECKs and domains that call code of others than "
               "superusers are loaded and "
               "validated with the rights of tables' owners alone");
  options.flag("--no-acl", parts.no_acl, "grant nothing: leave out all privileges");
}

void reject_empty(const std::vector<std::string>& patterns, const char* option) {
  for (const std::string& pattern : patterns)
    if (pattern.empty()) throw UsageError(std::string(option) + " is empty", "name a table: SCHEMA.TABLE");
}

/// The option that asks for less than the whole of a backup; null: none does.
const char* part_asked_for(const PartsArguments& parts) {
  if (!parts.tables.empty()) return "--table";
  if (!parts.exclude_tables.empty()) return "--exclude-table";
  if (parts.data_only) return "--data-only";
  return parts.schema_only ? "--schema-only" : nullptr;
}

/// Does it go into a database that is in use, in one transaction?
bool into_live(const RestoreArguments& arguments) {
  const PartsArguments& parts = arguments.parts;
  return parts.as || parts.data_only || (!parts.tables.empty() && !arguments.create && !parts.schema_only);
}

void check_parts(const RestoreArguments& arguments) {
  const PartsArguments& parts = arguments.parts;
  reject_empty(parts.tables, "--table");
  reject_empty(parts.exclude_tables, "--exclude-table");
  if (parts.role && parts.role->empty()) throw UsageError("--role is empty");
  if (parts.as && parts.as->empty()) throw UsageError("--as is empty", "--as NEW or --as SCHEMA.NEW");
  if (parts.trust_owners && !into_live(arguments))
    throw UsageError("--trust-owners has no use here: it is for databases that are in use", "leave it out");
  if (!into_live(arguments)) return;
  if (parts.despite_host)
    throw UsageError("--despite-host has no use here: it is for a database that is made", "leave it out");
  if (parts.distrust_owners)
    throw UsageError("--distrust-owners has no use here: nobody is trusted in a database that is in use",
                     "leave it out");
  for (const auto& [flag, value] :
       {std::pair("--search-path", &arguments.search_path), {"--rejects", &arguments.rejects}})
    if (*value)
      throw UsageError(
          fmt::format("{} has no use here: what goes into a database that is there goes whole or not at all",
                      flag),
          "leave it out, or restore into a new database with --create");
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
}

void check_replace(const RestoreArguments& arguments) {
  if (!arguments.replace) {
    if (arguments.drop_old)
      throw UsageError("--drop-old needs --replace DB", "restore ID --replace DB --drop-old");
    return;
  }
  if (arguments.replace->empty()) throw UsageError("--replace is empty");
  if (arguments.into || arguments.create)
    throw UsageError("--replace DB names the database by itself", "leave out --into and --create");
  if (const char* part = part_asked_for(arguments.parts))
    throw UsageError(fmt::format("--replace takes the whole backup, and {} a part of it", part),
                     "one table into a live database: -d DB --table SCHEMA.TABLE --as NEW");
  if (arguments.no_prove)
    throw UsageError("--replace without a proof is refused",
                     "leave out --no-prove: names are swapped only when every row is proved to be there");
}

/// What all four requests have in common.
restore::RestoreContext restore_context(const RestoreArguments& arguments, const Config& config,
                                        Observer& observer) {
  reject_empty_dbname(arguments.dbname);
  check_replace(arguments);
  if (!arguments.into && !arguments.create && !arguments.replace && !into_live(arguments)) {
    throw UsageError(
        "restore where to?",
        "--into DB: an empty database that exists; --create: a new one, named by --into or as the "
        "backup's; --replace DB: in the place of a live one");
  }
  if (arguments.into && arguments.into->empty()) throw UsageError("--into is empty");
  check_parts(arguments);
  const PartsArguments& parts = arguments.parts;
  ConnInfo connection = connection_from_flag(arguments.dbname.value_or(""), observer);
  const auto& given = connection.parameters;
  const bool is_named = given.contains("dbname") || given.contains("service") ||
                        !environment("PGDATABASE").empty() || !environment("PGSERVICE").empty();
  if (into_live(arguments) && !arguments.into && !is_named)
    throw UsageError("which database?", "name it: -d 'dbname=app', or --into app");
  if (into_live(arguments) && arguments.into) connection = connection.with_database(*arguments.into);
  connection.role = parts.role.value_or("");
  return {.connection = std::move(connection),
          .jobs = first_of(arguments.jobs, {}, config.jobs, default_jobs()),
          .prove = !arguments.no_prove,
          .owners = !arguments.no_owner,
          .acl = !parts.no_acl,
          .pg_restore = {},
          .wanted = {parts.tables, parts.exclude_tables, !parts.schema_only}};
}

}  // namespace

void add_restore(Options& options, RestoreArguments& restore) {
  options
      .argument("ID", &restore.selection.ids,
                "latest (of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its beginning")
      .expected(0, 1);
  options.flag("--all", restore.all,
               "a whole server: the newest backup of every database of the source, each into a new database "
               "of its name");
  add_selection(options, restore.selection);
  add_store_to_read(options, restore.store);
  options.value("-d,--dbname", &restore.dbname, "CONN",
                "the server: conninfo or URI; else PGHOST, PGSERVICE, …");
  options.value("--into", &restore.into, "DB",
                "the database to restore into; it must be empty, or made by --create");
  options.flag("--create", restore.create,
               "create the database, with the backup's encoding, locale and settings");
  options.value("--replace", &restore.replace, "DB",
                "restore beside this database, prove the copy, then swap the names; the old one is kept");
  options.flag("--drop-old", restore.drop_old,
               "restore nothing: drop what an earlier --replace DB by this backup has kept");
  options.flag("--resume", restore.resume,
               "go on with what an interrupted restore of this backup left; no row is loaded twice");
  options.choice("--roles", &restore.roles, {"missing", "none"},
                 "create the roles that are missing, or none (default missing)");
  options.value(
      "--search-path", &restore.search_path, "SCHEMAS",
      "schemas in which the database's functions look for names, as 'public, extensions' (default: none)");
  options.value("--rejects", &restore.rejects, "DIR",
                "where rows that no table takes are kept (default: the current directory)");
  add_jobs(options, restore.jobs, "connections that load (default: CPUs, at most 4)");
  options.flag("--prove", restore.prove, "compare every row with the backup's digests afterwards (default)");
  options.flag("--no-prove", restore.no_prove, "don't").excludes({"--prove"});
  options.flag("--no-owner", restore.no_owner, "all objects belong to the role that restores");
  options.flag("--no-role-passwords", restore.no_role_passwords, "new roles get no password");
  add_accept(options, restore.accept);
  add_parts(options, restore.parts);
}

restore::RestoreRequest restore_request(const RestoreArguments& arguments, const Config& config,
                                        Observer& observer) {
  const restore::RestoreContext context = restore_context(arguments, config, observer);
  const PartsArguments& parts = arguments.parts;
  restore::IntoLive live{context};
  live.trust_owners = parts.trust_owners;
  if (parts.as) return restore::TableBeside{live, *parts.as};
  if (parts.data_only) return restore::RowsInto{live};
  if (into_live(arguments)) return restore::WholeTables{live};
  restore::IntoEmpty request{context};
  request.into = arguments.replace ? *arguments.replace : arguments.into.value_or("");
  request.create = arguments.create;
  request.distrust_owners = parts.distrust_owners;
  request.despite_host = parts.despite_host;
  request.resume = arguments.resume;
  request.roles = arguments.roles == "none" ? restore::Roles::none : restore::Roles::missing;
  request.role_passwords = !arguments.no_role_passwords;
  request.search_path = restore::search_path_sql(arguments.search_path.value_or(""));
  request.rejects = Path(arguments.rejects.value_or(".")) / fmt::format("rejected-{}", to_stamp(now()));
  return request;
}

}  // namespace pgassay::cli
