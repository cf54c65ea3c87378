#include "restore/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/postgres/pg_tool.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/backup_files.h"
#include "restore/data_only.h"
#include "restore/extension_tables.h"
#include "restore/large_objects.h"
#include "restore/live_table.h"
#include "restore/load.h"
#include "restore/one_table.h"
#include "restore/proof_beside_rows.h"
#include "restore/roles.h"
#include "restore/schema.h"
#include "restore/selection.h"
#include "restore/target.h"

namespace pgassay {
namespace {

constexpr const char* kApplicationName = "pgassay restore";

/// What a plain ANALYZE takes, but for foreign tables and the parents of such: for those it would go to the
/// other server, where a restored copy has no business, and one that can't be reached would end it. ANALYZE
/// goes down from a parent by itself.
constexpr const char* kTablesToAnalyze = R"(
WITH RECURSIVE foreign_below (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'f'
  UNION
  SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN foreign_below b ON b.oid = i.inhrelid)
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT b.oid FROM foreign_below b)
  AND (NOT c.relispartition OR EXISTS (
    SELECT FROM pg_catalog.pg_inherits i JOIN foreign_below b ON b.oid = i.inhparent WHERE i.inhrelid = c.oid))
)";

/// Of a part of a backup only where the database is made for it: one that exists has its own.
bool brings_properties(const RestoreOptions& options) {
  return options.create || options.wanted.tables.empty();
}

/// What is not carried whatever is selected.
std::vector<std::string> waived(const RestoreOptions& options) {
  std::vector<std::string> told;
  if (!options.owners) told.emplace_back("owners, as --no-owner says");
  if (!options.acl) told.emplace_back("privileges, as --no-acl says");
  if (!brings_properties(options))
    told.emplace_back("owner, privileges, settings and comment of the database");
  return told;
}

class Restoration {
 public:
  Restoration(const Backup& backup, const RestoreOptions& options, Observer& observer, std::stop_token stop)
      : dir_(backup.dir),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)),
        manifest_(read_manifest(backup.dir)) {
    name_ = options.into.empty() ? manifest_.database.name : options.into;
    target_ = options.connection.with_database(name_);
    report_.database = name_;
  }

  RestoreReport run() {
    const Stopwatch watch;
    timed("check", [this] { check(); });
    if (options_.throwaway)
      write();
    else
      write_or_say_what_is_left();
    report_.seconds = watch.seconds();
    return std::move(report_);
  }

 private:
  void write_or_say_what_is_left() {
    try {
      write();
    } catch (const Stopped&) {
      observer_.message(Level::warning, left_behind(), what_next());
      throw;
    } catch (const BadBackup& error) {
      throw BadBackup(error.what(), with_next(error.hint(), "; then restore another backup"));
    } catch (const Error& error) {
      throw Error(error.what(), with_next(error.hint()), error.exit());
    }
  }

  template <typename Body>
  void timed(const char* name, Body body) {
    observer_.phase(name);
    const Stopwatch watch;
    body();
    report_.phases.push_back({name, watch.seconds()});
  }

  /// To CREATE DATABASE we must be in another one; where none is named, "postgres" is the custom.
  Connection open_server() {
    if (!options_.create) return Connection::open(target_, kApplicationName, stop_);
    try {
      return Connection::open(options_.connection, kApplicationName, stop_);
    } catch (const ConnectionLost&) {
      if (options_.connection.parameters.contains("dbname")) throw;
      return Connection::open(options_.connection.with_database("postgres"), kApplicationName, stop_);
    }
  }

  void reconnect() {
    server_ = Connection::open(target_, kApplicationName, stop_);
    start_loading_session(*server_);
  }

  /// All that can be refused is refused here; nothing is written.
  void check() {
    if (!options_.create) check_not_the_servers_own(name_);
    server_ = open_server();
    start_loading_session(*server_);
    report_.server_version = server_->parameter("server_version");
    pg_restore_ = options_.pg_restore ? *options_.pg_restore
                                      : choose_pg_restore(server_->server_version(),
                                                          manifest_.summary.pg_dump_version_num, stop_);
    select_what_is_wanted();
    check_files(dir_, manifest_);
    check_server(*server_, manifest_, options_.create, report_.notes);
    if (options_.create)
      check_absent(*server_, name_);
    else {
      check_no_template(*server_);
      check_empty(*server_);
    }
    plan_roles_from_globals();
    for (const LeftOut& left_out : manifest_.left_out)
      report_.notes.push_back(fmt::format("{}: not in the backup: {}", left_out.what, left_out.why));
    if (!options_.create && server_->server_encoding() != manifest_.encoding)
      report_.notes.push_back(fmt::format("encoding {} here, {} in the backup: rows are converted",
                                          server_->server_encoding(), manifest_.encoding));
  }

  void select_what_is_wanted() {
    report_.not_carried = waived(options_);
    if (options_.wanted.everything()) return;
    TableSelection selection =
        select(std::move(manifest_), list_archive(pg_restore_, dir_ / kSchemaFile, stop_), options_.wanted);
    manifest_ = std::move(selection.manifest);
    entries_ = std::move(selection.entries);
    std::ranges::move(selection.not_carried, std::back_inserter(report_.not_carried));
  }

  void plan_roles_from_globals() {
    roles_ = plan_roles(*server_, read_file(dir_ / kGlobalsFile), options_);
    report_.notes.insert(report_.notes.end(), roles_.notes.begin(), roles_.notes.end());
    if (options_.roles == Roles::none && !roles_.absent.empty())
      observer_.message(
          Level::warning,
          fmt::format("roles of the backup that are absent here: {}", fmt::join(roles_.absent, ", ")),
          "what they own or were granted is listed as lost; --roles missing creates them");
    if (!roles_.statements.empty() && !(manifest_.role_passwords && options_.role_passwords))
      report_.notes.push_back(fmt::format("created without passwords: {}", fmt::join(roles_.absent, ", ")));
    if (!roles_.absent_tablespaces.empty())
      report_.notes.push_back(fmt::format("tablespaces are absent here: {}; everything is in the default one",
                                          fmt::join(roles_.absent_tablespaces, ", ")));
  }

  void write() {
    if (options_.create) {
      timed("create", [this] { create_database(*server_, name_, manifest_, report_.notes); });
      reconnect();
    }
    touched_ = true;
    // In the new database, for a role's name is stored in the encoding of the database in which it is made.
    timed("roles", [this] { create_roles(*server_, roles_, report_.lost, report_.notes); });
    roles_made_ = !roles_.statements.empty();
    reconnect();  // the roles' script has set an encoding and more
    timed("pre-data", [this] { restore_schema("pre-data", 1); });
    if (options_.before_data) options_.before_data(*server_);
    load();
    timed("post-data", [this] { restore_schema("post-data", options_.jobs); });
    if (brings_properties(options_)) timed("properties", [this] { apply_properties(); });
    timed("analyze", [this] { analyze(); });
    if (options_.prove) timed("proof", [this] { prove_it(); });
  }

  void apply_properties() {
    DatabaseProperties properties = manifest_.database;
    if (!options_.acl) properties.grants.clear();
    apply_database_properties(*server_, name_, properties, options_.owners, report_.lost);
  }

  void restore_schema(const char* section, unsigned jobs) {
    const SchemaRun run{pg_restore_,
                        dir_ / kSchemaFile,
                        section,
                        std::max(1U, jobs),
                        options_.owners,
                        roles_.absent_tablespaces.empty(),
                        !options_.throwaway,
                        options_.acl,
                        options_.connection.role,
                        entries_};
    restore_section(*server_, run, report_.lost, report_.notes, stop_);
  }

  void load() {
    const LoadJob job{target_, dir_, manifest_, options_.jobs};
    const auto count = [this](const Loaded& loaded) {
      report_.rows += loaded.rows;
      report_.raw_bytes += loaded.raw_bytes;
    };
    timed("data", [&] {
      count(load_tables(job, report_.lost, observer_, stop_));
      count(load_extension_tables(job, report_.lost, observer_, stop_));
    });
    timed("sequences", [&] { load_sequences(*server_, manifest_.sequences, report_.lost); });
    timed("large objects", [&] {
      count(load_large_objects(job, options_.owners, options_.acl, report_.lost, observer_, stop_));
    });
  }

  void analyze() {
    const Result tables = server_->query(kTablesToAnalyze);
    std::vector<std::string> failed;
    for (int row = 0; row < tables.rows(); ++row) {
      try {
        server_->query("ANALYZE " + QualifiedName{tables.text(row, 0), tables.text(row, 1)}.quoted());
      } catch (const ServerError& error) {
        failed.emplace_back(error.what());
      }
    }
    if (!failed.empty())
      report_.notes.push_back(
          fmt::format("ANALYZE failed for {} tables; run it again: {}", failed.size(), failed.front()));
  }

  void prove_it() {
    report_.checks = prove(target_, manifest_, options_.jobs, observer_, stop_);
    for (Check& check : report_.checks) {
      if (check.name != kLargeObjectFacts || check.verdict != Verdict::fail) continue;
      const bool told = std::any_of(report_.lost.begin(), report_.lost.end(), [](const std::string& line) {
        return line.starts_with("large object ");
      });
      if (options_.owners && options_.acl && !told) continue;
      check.verdict = Verdict::unverified;
      check.detail += told ? ", as is said above" : ", for owners or privileges were not to be restored";
    }
    if (!options_.owners || !options_.acl)
      std::erase_if(report_.checks, [this](const Check& check) {
        const bool waived = check.name == kLargeObjectFacts && check.verdict == Verdict::unverified;
        if (waived) report_.notes.push_back(fmt::format("{}: {}", check.name, check.detail));
        return waived;
      });
    report_.verdict = overall(report_.checks);
  }

  std::string left_behind() const {
    if (!touched_) return "nothing was restored, no role was created";
    std::string left = fmt::format("database \"{}\" is restored in part only", name_);
    if (roles_made_) left += fmt::format(", roles were created: {}", fmt::join(roles_.absent, ", "));
    return left;
  }
  std::string what_next(std::string_view then = "; then run the restore again") const {
    if (!touched_) return "run the restore again when that is remedied";
    return fmt::format("DROP DATABASE {}{}{}", quote_identifier(name_), then,
                       options_.create ? "" : ", into an empty database or with --create");
  }
  std::string with_next(const std::string& hint,
                        std::string_view then = "; then run the restore again") const {
    std::string out = hint;
    for (const std::string& more : {left_behind(), what_next(then)})
      if (!more.empty()) out += (out.empty() ? "" : "; ") + more;
    return out;
  }

  Path dir_;
  const RestoreOptions& options_;
  Observer& observer_;
  std::stop_token stop_;
  Manifest manifest_;
  std::string name_;
  ConnInfo target_;
  RestoreReport report_;
  std::optional<Connection> server_;
  PgTool pg_restore_;
  RolePlan roles_;
  std::optional<std::vector<int>> entries_;  ///< of the schema archive; absent: all
  bool touched_ = false, roles_made_ = false;
};

}  // namespace

RestoreReport restore_backup(const Repository& repository, const Backup& backup,
                             const RestoreOptions& options, Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  if (!options.as.empty())
    return restore_beside(backup.dir, read_manifest(backup.dir), options, observer, std::move(stop));
  if (!options.wanted.tables.empty() && options.wanted.rows && !options.create && !options.data_only)
    return restore_live(backup.dir, read_manifest(backup.dir), options, observer, std::move(stop));
  if (options.data_only)
    return restore_rows(backup.dir, read_manifest(backup.dir), options, observer, std::move(stop));
  return Restoration(backup, options, observer, std::move(stop)).run();
}

}  // namespace pgassay
