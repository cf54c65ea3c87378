#include "restore/whole/replace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <optional>

#include "core/postgres/maintenance.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"
#include "restore/resume.h"
#include "restore/whole/database_names.h"
#include "restore/whole/server_disk.h"
#include "restore/whole/swap.h"
#include "restore/whole/target.h"

namespace pgassay::restore {
namespace {

std::string mib(std::uint64_t bytes) {
  return fmt::format("{} MiB", bytes >> 20);
}

/// A database can't be renamed from within, and the one to replace may be past connecting to.
ConnInfo elsewhere(const ConnInfo& given, const std::string& database, const std::stop_token& stop) {
  return maintenance_database(given, kRestoreApplication, stop, database);
}

struct Found {
  Oid oid{};
  std::string comment, owner;
  bool ours = false;  ///< nobody but we or a superuser can have made it and given it that name and comment
};

std::optional<Found> find_database(Connection& connection, const std::string& name) {
  const Result result = connection.query(
      "SELECT d.oid, pg_catalog.shobj_description(d.oid, 'pg_database'), "
      "pg_catalog.pg_get_userbyid(d.datdba),"
      " d.datdba = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)"
      " OR coalesce((SELECT rolsuper FROM pg_catalog.pg_roles WHERE oid = d.datdba), false)"
      " OR NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE (r.rolcreatedb OR r.rolsuper)"
      " AND pg_catalog.pg_has_role(d.datdba, r.oid, 'MEMBER'))"
      " FROM pg_catalog.pg_database d WHERE d.datname = $1",
      {name});
  if (result.rows() == 0) return std::nullopt;
  return Found{result.oid(0, 0), result.text(0, 1), result.text(0, 2), result.boolean(0, 3)};
}

ReplaceNames names_for(Connection& connection, const std::string& database, const Backup& backup) {
  const Result limit = connection.query("SHOW max_identifier_length");
  return replace_names(database, backup.id.stamp, limit.unsigned_integer(0, 0));
}

/// What pg_database and pg_db_role_setting say of a database, as text: a line a fact, for comparison.
constexpr const char* kProperties = R"(
SELECT 'owner', pg_catalog.pg_get_userbyid(d.datdba)::text FROM pg_catalog.pg_database d WHERE d.oid = $1::oid
UNION ALL SELECT 'connection limit', d.datconnlimit::text FROM pg_catalog.pg_database d WHERE d.oid = $1::oid
UNION ALL SELECT 'privileges', pg_catalog.string_agg(pg_catalog.format('%s to %s%s', a.privilege_type,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(a.grantee) END,
    CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END), ', ' ORDER BY a.grantee, a.privilege_type)
  FROM pg_catalog.pg_database d,
    pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a WHERE d.oid = $1::oid
UNION ALL SELECT 'settings', pg_catalog.string_agg(CASE s.setrole WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(
    s.setrole) || ': ' END || s.setconfig::text, ', ' ORDER BY s.setrole)
  FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = $1::oid
)";

class Replacement {
 public:
  Replacement(const Repository& repository, const Backup& backup, const IntoEmpty& options,
              Observer& observer, std::stop_token stop)
      : repository_(repository),
        backup_(backup),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)),
        manifest_(read_manifest(backup.dir)),
        server_(elsewhere(options.connection, options.into, stop_)),
        connection_(Connection::open(server_, kRestoreApplication, stop_)),
        names_(names_for(connection_, options.into, backup)) {
    start_loading_session(connection_);
    const std::string sha = hash_file(backup.dir / kManifestFile).sha.hex();
    making_ = fmt::format("pgassay is restoring {} here, manifest {}", backup.id.shown(), sha);
    proved_ = fmt::format("pgassay restored {} here and proved it, manifest {}", backup.id.shown(), sha);
  }

  Replaced run() {
    check();
    Replaced done;
    done.beside = names_.beside;
    done.restored = restore_beside();
    std::vector<Note>& notes = done.restored.notes;
    notes.insert(notes.end(), notes_.begin(), notes_.end());
    if (done.restored.verdict != Verdict::pass || !done.restored.lost.empty()) {
      notes.push_back(
          {NoteKind::replaced,
           options_.into,
           {},
           fmt::format("the names were not swapped: database \"{}\" is as it was; to take the copy "
                       "nevertheless: BEGIN; ALTER DATABASE {} RENAME TO {}; ALTER DATABASE {} RENAME TO {}; "
                       "COMMIT;",
                       options_.into, quoted(options_.into), quoted(names_.before), quoted(names_.beside),
                       quoted(options_.into))});
      return done;
    }
    try {
      swap(done);
    } catch (const Stopped& error) {
      observer_.message(Level::warning, left_whole());
      error.raise();
    } catch (const Error& error) {
      error.with_hint(error.hint() + (error.hint().empty() ? "" : "; ") + left_whole())->raise();
    }
    return done;
  }

 private:
  static std::string quoted(const std::string& name) { return quote_identifier(name); }

  void check() {
    check_not_the_servers_own(options_.into);
    const std::optional<Found> old = find_database(connection_, options_.into);
    if (!old)
      throw Refused(
          fmt::format("{}: there is no database \"{}\" to replace", connection_.described(), options_.into),
          fmt::format("restore it with --create --into {}", options_.into));
    old_oid_ = old->oid;
    std::vector<std::string> problems = ties_of(connection_, options_.into);
    check_privileges(problems);
    if (find_database(connection_, names_.before))
      problems.push_back(
          fmt::format("\"{}\" exists: this backup has replaced it before (drop that one with --drop-old, "
                      "or give it another name)",
                      names_.before));
    look_at_what_was_left(problems);
    check_disk(problems);
    if (!problems.empty())
      throw Refused(
          fmt::format("database \"{}\" can't be replaced: {}", options_.into, fmt::join(problems, "; ")),
          "nothing was touched");
    notes_.push_back(
        {NoteKind::replaced,
         options_.into,
         {},
         fmt::format("rows written to \"{}\" after {}, when the backup was taken, are only in \"{}\"",
                     options_.into, to_rfc3339(manifest_.summary.snapshot.taken), names_.before)});
  }

  void check_privileges(std::vector<std::string>& problems) {
    const Result powers = connection_.query(
        "SELECT r.rolsuper, r.rolcreatedb, pg_catalog.pg_has_role(d.datdba, 'USAGE'),"
        " pg_catalog.pg_get_userbyid(d.datdba)"
        " FROM pg_catalog.pg_roles r, pg_catalog.pg_database d WHERE r.rolname = current_user AND d.oid = "
        "$1::oid",
        {to_string(old_oid_)});
    if (powers.boolean(0, 0)) return;
    if (!powers.boolean(0, 1))
      problems.push_back(fmt::format("role {} may not create databases", connection_.user()));
    if (!powers.boolean(0, 2))
      problems.push_back(fmt::format("role {} is no member of its owner {}, and so may not rename it",
                                     connection_.user(), powers.text(0, 3)));
  }

  /// The copy beside it is ours when its comment says so, or when it is empty: killed between two statements.
  /// Once the restore has given it to its owner, it is still ours where that one may make no databases.
  void look_at_what_was_left(std::vector<std::string>& problems) {
    const std::optional<Found> left = find_database(connection_, names_.beside);
    if (!left) return;
    left_there_ = true;
    // Its owner could have put anything into it, the comment too, for us to run and to give the name to.
    if (!left->ours)
      return problems.push_back(
          fmt::format("\"{}\" exists and belongs to {}, who may have made it: it is not gone on with (drop "
                      "it, or give it another name)",
                      names_.beside, left->owner));
    whole_ = left->comment == proved_;
    if (whole_ || left->comment == making_) {
      notes_.push_back({NoteKind::resumed,
                        names_.beside,
                        {},
                        fmt::format("went on with \"{}\", which an interrupted run left{}", names_.beside,
                                    whole_ ? " whole; it is proved again" : "")});
      return;
    }
    try {
      Connection copy = Connection::open(server_.with_database(names_.beside), kRestoreApplication, stop_);
      start_loading_session(copy);
      check_empty(copy);
    } catch (const Refused&) {
      problems.push_back(fmt::format("\"{}\" exists, and is not what an interrupted run of this backup left",
                                     names_.beside));
    }
  }

  void check_disk(std::vector<std::string>& problems) {
    const std::uint64_t needed = manifest_.server.database_bytes;
    const ServerDisk disk = look_at_server_disk(connection_, manifest_.database.tablespace);
    if (!disk.free) {
      notes_.push_back(
          {NoteKind::replaced,
           options_.into,
           {},
           fmt::format("the room on the server was not checked: {}; the copy took about {} there", disk.why,
                       mib(needed))});
      return;
    }
    const std::uint64_t there = left_there_ ? size_of(names_.beside) : 0;
    if (*disk.free + there < needed)
      problems.push_back(fmt::format("no room for two of it: {} free in {}, about {} needed",
                                     mib(*disk.free + there), disk.dir.string(), mib(needed)));
    else
      observer_.message(Level::debug, fmt::format("{}: {} free, about {} needed", disk.dir.string(),
                                                  mib(*disk.free + there), mib(needed)));
  }

  std::uint64_t size_of(const std::string& database) {
    return connection_
        .query("SELECT pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database WHERE datname = $1",
               {database})
        .unsigned_integer(0, 0);
  }

  RestoreReport restore_beside() {
    IntoEmpty inner = options_;
    inner.connection = server_;
    inner.into = names_.beside;
    inner.create = inner.prove = true;
    inner.resume = left_there_;
    inner.stand_in = StandIn{making_, whole_};
    const std::string untouched = fmt::format("database \"{}\" is as it was", options_.into);
    try {
      return restore_backup(repository_, backup_, inner, observer_, stop_);
    } catch (const Stopped& error) {
      observer_.message(Level::warning, untouched);
      error.raise();
    } catch (const Error& error) {
      error.with_hint(error.hint() + (error.hint().empty() ? "" : "; ") + untouched)->raise();
    }
  }

  void note_properties(std::vector<Note>& notes) {
    const Result old = connection_.query(kProperties, {to_string(old_oid_)});
    const Result now =
        connection_.query(kProperties, {to_string(find_database(connection_, names_.beside)->oid)});
    for (int row = 0; row < old.rows() && row < now.rows(); ++row)
      if (old.text(row, 1) != now.text(row, 1))
        notes.push_back({NoteKind::database_property,
                         old.text(row, 0),
                         {},
                         fmt::format("{} of the database are the backup's: {}; of the old one they were: {}",
                                     old.text(row, 0), shown(now.text(row, 1)), shown(old.text(row, 1)))});
  }
  static std::string shown(const std::string& value) { return value.empty() ? "none" : value; }

  /// First the comment, then the record goes: without either nobody could tell a whole copy from a stranger's
  /// database.
  void swap(Replaced& done) {
    observer_.phase(to_string(RestoreStep::swap));
    connection_ = Connection::open(server_, kRestoreApplication, stop_);  // idle until now, for hours perhaps
    start_loading_session(connection_);
    note_properties(done.restored.notes);
    connection_.query(
        fmt::format("COMMENT ON DATABASE {} IS {}", quoted(names_.beside), quote_literal(proved_)));
    {
      Connection copy = Connection::open(server_.with_database(names_.beside), kRestoreApplication, stop_);
      start_loading_session(copy);
      remove_record(copy, done.restored.notes);
    }
    done.sessions = swap_names(server_,
                               {options_.into, names_.beside, names_.before, old_oid_,
                                find_database(connection_, names_.beside)->oid, manifest_.database.comment},
                               stop_);
    done.restored.database = options_.into;
    done.before = names_.before;
  }

  std::string left_whole() const {
    return fmt::format(
        "database \"{}\" is as it was; the copy \"{}\" is whole: say the same again to go on with it",
        options_.into, names_.beside);
  }

  const Repository& repository_;
  const Backup& backup_;
  const IntoEmpty& options_;
  Observer& observer_;
  std::stop_token stop_;
  Manifest manifest_;
  ConnInfo server_;
  Connection connection_;
  ReplaceNames names_;
  std::string making_, proved_;  ///< comments of the copy
  Oid old_oid_{};
  bool left_there_ = false, whole_ = false;
  std::vector<Note> notes_;
};

}  // namespace

Replaced replace_database(const Repository& repository, const Backup& backup, const IntoEmpty& options,
                          Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  return lease.reading(
      [&] { return Replacement(repository, backup, options, observer, std::move(stop)).run(); });
}

std::string drop_old_database(const Backup& backup, const IntoEmpty& options, std::stop_token stop) {
  Connection connection =
      Connection::open(elsewhere(options.connection, options.into, stop), kRestoreApplication, stop);
  start_loading_session(connection);
  const std::string before = names_for(connection, options.into, backup).before;
  const std::string kept = "nothing was dropped";
  if (!find_database(connection, before))
    throw Refused(
        fmt::format("{}: there is no database \"{}\": {} has not replaced \"{}\", or the old one is gone",
                    connection.described(), before, backup.id.shown(), options.into),
        kept);
  if (!find_database(connection, options.into))
    throw Refused(fmt::format("{}: \"{}\" is the only one left: there is no database \"{}\"",
                              connection.described(), before, options.into),
                  kept);
  try {
    connection.query("DROP DATABASE " + quote_identifier(before));
  } catch (const ServerError& error) {
    throw Error(
        fmt::format("database \"{}\" could not be dropped: {}", before, error.what()),
        error.sqlstate() == "55006" ? "somebody looks at it: pg_stat_activity says who" : error.hint());
  }
  return before;
}

}  // namespace pgassay::restore
