#include "restore/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/postgres/pg_tool.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/analyze.h"
#include "restore/extension_tables.h"
#include "restore/large_objects.h"
#include "restore/load.h"
#include "restore/proof_beside_rows.h"
#include "restore/roles.h"
#include "restore/schema.h"
#include "restore/target.h"

namespace pgassay {
namespace {

constexpr const char* kApplicationName = "pgassay restore";

/// Cheap, and before anything is written: every file there with its size, and the small ones as they were.
void check_files(const Path& dir, const Manifest& manifest) {
  constexpr const char* kHint = "`pgassay verify` says what else is wrong; another backup may be whole";
  for (const StoredFile& file : manifest.stored_files()) {
    std::uint64_t size = 0;
    try {
      size = size_of_file(dir / file.file);
    } catch (const SystemError& error) {
      if (!error.is_loss()) throw;
      throw BadBackup(error.what(), kHint);
    }
    if (size != file.stored)
      throw BadBackup(fmt::format("{}: {} bytes instead of {}", file.file, size, file.stored), kHint);
  }
  for (const StoredFile& file : manifest.files)
    if (hash_file(dir / file.file).sha != file.sha)
      throw BadBackup(fmt::format("{}: its SHA-256 is not the manifest's", file.file), kHint);
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
    report_.seconds = watch.seconds();
    return std::move(report_);
  }

 private:
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
    check_files(dir_, manifest_);
    if (!options_.create) check_not_the_servers_own(name_);
    server_ = open_server();
    start_loading_session(*server_);
    report_.server_version = server_->parameter("server_version");
    check_server(*server_, manifest_, options_.create, report_.notes);
    if (options_.create)
      check_absent(*server_, name_);
    else {
      check_no_template(*server_);
      check_empty(*server_);
    }
    pg_restore_ = choose_pg_restore(server_->server_version(), manifest_.summary.pg_dump_version_num, stop_);
    plan_roles_from_globals();
    for (const LeftOut& left_out : manifest_.left_out)
      report_.notes.push_back(fmt::format("{}: not in the backup: {}", left_out.what, left_out.why));
    if (!options_.create && server_->server_encoding() != manifest_.encoding)
      report_.notes.push_back(fmt::format("encoding {} here, {} in the backup: rows are converted",
                                          server_->server_encoding(), manifest_.encoding));
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
    load();
    timed("post-data", [this] { restore_schema("post-data", options_.jobs); });
    timed("properties", [this] {
      apply_database_properties(*server_, name_, manifest_.database, options_.owners, report_.lost);
    });
    timed("analyze", [this] { analyze_tables(target_, options_.jobs, report_.notes, observer_, stop_); });
    if (options_.prove) timed("proof", [this] { prove_it(); });
  }

  void restore_schema(const char* section, unsigned jobs) {
    const SchemaRun run{pg_restore_,        dir_ / kSchemaFile, section,
                        std::max(1U, jobs), options_.owners,    roles_.absent_tablespaces.empty()};
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
    timed("large objects",
          [&] { count(load_large_objects(job, options_.owners, report_.lost, observer_, stop_)); });
  }

  void prove_it() {
    report_.checks = prove(target_, manifest_, options_.jobs, observer_, stop_);
    for (Check& check : report_.checks) {
      if (check.name != kLargeObjectFacts || check.verdict != Verdict::fail) continue;
      const bool told = std::any_of(report_.lost.begin(), report_.lost.end(), [](const std::string& line) {
        return line.starts_with("large object ");
      });
      if (options_.owners && !told) continue;
      check.verdict = Verdict::unverified;
      check.detail += options_.owners ? ", as is said above" : ", for owners were not to be restored";
    }
    if (!options_.owners)
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
  bool touched_ = false, roles_made_ = false;
};

}  // namespace

RestoreReport restore_backup(const Repository& repository, const Backup& backup,
                             const RestoreOptions& options, Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  return Restoration(backup, options, observer, std::move(stop)).run();
}

}  // namespace pgassay
