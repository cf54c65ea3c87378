#include "backup/preflight.h"

#include "backup/disk_check.h"
#include "backup/lock_and_snapshot.h"
#include "core/postgres/releases.h"
#include "core/system/subprocess.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgassay::backup {
namespace {

/// Tables a worker may hold at a time, see copier.cc.
constexpr std::uint64_t kLocksPerWorker = 32;
/// Of the catalogs and their indexes, by the inventory and pg_dump.
constexpr std::uint64_t kCatalogLocks = 300;

class Findings {
 public:
  /// What is looked at from here on.
  void about(const std::string& check) {
    check_ = check;
    all_.push_back({check, Weight::passed, {}, {}});
  }
  void refuse(const std::string& text, const std::string& hint) { add(Weight::refused, text, hint); }
  void warn(const std::string& text, const std::string& hint) { add(Weight::warning, text, hint); }
  bool any_refused() const {
    return std::ranges::any_of(
        all_, [](const PreflightFinding& finding) { return finding.weight == Weight::refused; });
  }
  std::vector<PreflightFinding> take() { return std::move(all_); }

 private:
  using Weight = PreflightFinding::Weight;
  void add(Weight weight, const std::string& text, const std::string& hint) {
    if (all_.back().weight == Weight::passed) all_.pop_back();
    all_.push_back({check_, weight, text, hint});
  }
  std::string check_;
  std::vector<PreflightFinding> all_;
};

void check_server(Connection& connection, const ServerFacts& server, Findings& findings) {
  if (server.version / 10000 < kOldestMajor || server.version / 10000 > kNewestMajor) {
    findings.refuse(fmt::format("server version {}: PostgreSQL {} to {} are supported", server.version_text,
                                kOldestMajor, kNewestMajor),
                    "use a pgassay that knows this version");
  }
  if (connection.through_pooler()) {
    findings.refuse("the connection goes through a pooler: " + connection.described(),
                    "a snapshot needs one session for all of the backup; connect to the server's own port");
  }
}

std::string list_some(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > kShown) text += fmt::format(" and {} more", names.size() - kShown);
  return text;
}

void check_readable(Connection& connection, const std::vector<TableInfo>& tables, Findings& findings) {
  std::vector<std::string> unreadable, filtered;
  for (const TableInfo& table : tables) {
    if (table.kind != 'r' && table.kind != 'p') continue;
    if (!table.readable) unreadable.push_back(table.name.shown());
    if (table.rls_filters) filtered.push_back(table.name.shown());
  }
  for (const SequenceInfo& sequence : list_sequences(connection)) {
    if (!sequence.readable) unreadable.push_back(sequence.name.shown());
  }
  const std::string grant = fmt::format("GRANT pg_read_all_data TO {}", quote_identifier(connection.user()));
  if (!unreadable.empty()) {
    findings.refuse(
        fmt::format("no privilege to read {} relations: {}", unreadable.size(), list_some(unreadable)),
        grant + "; before PostgreSQL 14 grant SELECT on each, and USAGE on its schema");
  }
  if (!filtered.empty()) {
    findings.refuse("row security would hide rows of: " + list_some(filtered),
                    fmt::format("ALTER ROLE {} BYPASSRLS", quote_identifier(connection.user())));
  }
  const Result large = connection.query(
      "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT'),"
      " EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)");
  if (large.boolean(0, 1) && !large.boolean(0, 0)) {
    findings.refuse("no privilege to read the large objects",
                    (server_has(connection.server_version(), Feature::read_all_data) ? grant + "; or " : "") +
                        fmt::format("GRANT SELECT ON pg_catalog.pg_largeobject TO {}",
                                    quote_identifier(connection.user())));
  }
}

/// pg_dump writes the user mappings of others without their options, and says nothing.
void check_user_mappings(Connection& connection, Preflight& preflight, Findings& findings) {
  if (preflight.server.superuser) return;
  const std::int64_t hidden =
      connection.query("SELECT pg_catalog.count(*) FROM pg_catalog.pg_user_mappings WHERE umoptions IS NULL")
          .integer(0, 0);
  if (hidden == 0) return;
  preflight.left_out.push_back({fmt::format("options of {} user mappings", hidden),
                                connection.user() + " may not read them, if there are any"});
  findings.warn(fmt::format("{} may not read the options (passwords) of {} user mappings: they are left out",
                            connection.user(), hidden),
                "back up as a superuser to keep them");
}

/// pg_dump leaves all subscriptions out unless a superuser asks: only one may read their connections.
void check_subscriptions(Connection& connection, Preflight& preflight, Findings& findings) {
  if (preflight.server.superuser) return;
  const Result rows = connection.query(
      "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid"
      " WHERE d.datname = pg_catalog.current_database() ORDER BY 1");
  std::vector<std::string> names;
  for (int i = 0; i < rows.rows(); ++i) {
    names.push_back(rows.text(i, 0));
    preflight.left_out.push_back(
        {"subscription " + names.back(),
         connection.user() + " may not read its connection, as only a superuser may"});
  }
  if (names.empty()) return;
  findings.warn(fmt::format("{} may not read {} subscriptions: they are left out: {}", connection.user(),
                            names.size(), list_some(names)),
                "back up as a superuser to keep them");
}

/// A restore alters owners and comments again, and of routines and dictionaries all that can be altered. A
/// member's row that is younger than its extension's was written by somebody else than the extension's
/// script.
void check_members(Connection& connection, Findings& findings) {
  const Result rows = connection.query(R"(
    SELECT pg_catalog.format('%s %s (%s)', o.type, o.identity, e.extname)
    FROM pg_catalog.pg_extension e
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
      AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN (SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass AS class, oid, xmin AS written FROM pg_catalog.pg_operator
      UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, xmin FROM pg_catalog.pg_type WHERE typrelid = 0
      UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, xmin FROM pg_catalog.pg_opclass
      UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, xmin FROM pg_catalog.pg_ts_config) m
      ON m.class = d.classid AND m.oid = d.objid
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) o
    WHERE pg_catalog.age(m.written) < pg_catalog.age(e.xmin) ORDER BY 1)");
  std::vector<std::string> names;
  for (int i = 0; i < rows.rows(); ++i) names.push_back(rows.text(i, 0));
  if (names.empty()) return;
  findings.warn(
      fmt::format("{} members of extensions were altered: {}", names.size(), list_some(names)),
      "a restore alters their owners and comments again; nothing else of these is carried, and a drill "
      "finds what differs");
}

/// Rows of an extension's own tables come with the extension, and what was added to them since is not
/// pg_dump's either:
/// https://www.postgresql.org/docs/current/extend-extensions.html#EXTEND-EXTENSIONS-CONFIG-TABLES
void note_extension_tables(Connection& connection, Preflight& preflight) {
  const Result rows = connection.query(
      "SELECT n.nspname || '.' || c.relname, e.extname FROM pg_catalog.pg_extension e"
      " JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = "
      "e.oid"
      " AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'e'"
      " JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'r'"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE (c.oid = ANY (e.extconfig)) IS NOT TRUE AND pg_catalog.pg_relation_size(c.oid) > 0 ORDER BY 1");
  for (int i = 0; i < rows.rows(); ++i) {
    preflight.left_out.push_back({"rows of " + rows.text(i, 0), "a member of extension " + rows.text(i, 1) +
                                                                    " that is not its configuration"});
  }
}

std::uint64_t mib(std::uint64_t bytes) {
  return bytes >> 20;
}

/// What to do about a disk that is too full.
std::string room_hint(const BackupOptions& options, const std::string& database) {
  constexpr const char* kMove = "make room, or move the repository to a larger file system";
  const std::uint64_t prunable = options.prunable_bytes ? mib(options.prunable_bytes(database)) : 0;
  if (prunable == 0) return kMove;
  return fmt::format("pgassay prune --source {} would free {} MiB; else {}", shell_word(options.source),
                     prunable, kMove);
}

void check_disk(const Place& root, const ServerFacts& server, const std::optional<Backup>& newest,
                const BackupOptions& options, const std::string& database, Findings& findings) {
  const std::uint64_t free = free_bytes(root);
  if (newest && newest->summary) {
    if (free < newest->summary->stored_bytes) {
      findings.refuse(fmt::format("{}: {} MiB free, the last backup took {} MiB", root.string(), mib(free),
                                  mib(newest->summary->stored_bytes)),
                      room_hint(options, database));
    }
  } else if (free < server.database_bytes / 4) {
    // No schema and hardly any data compress better than 1:4 together with their indexes left out.
    findings.refuse(fmt::format("{}: {} MiB free for a database of {} MiB", root.string(), mib(free),
                                mib(server.database_bytes)),
                    room_hint(options, database));
  } else if (free < server.database_bytes) {
    findings.warn(fmt::format("{}: {} MiB free for a database of {} MiB, compression has to help",
                              root.string(), mib(free), mib(server.database_bytes)),
                  {});
  }
}

void check_clock(const ServerFacts& server, const std::optional<Backup>& newest, Findings& findings) {
  constexpr auto kSkew = std::chrono::minutes(5);
  if (const auto behind = behind_the_newest(server.clock, newest))
    findings.refuse(behind->what(), behind->hint());
  const auto skew = server.clock - now();
  if (skew > kSkew || skew < -kSkew) {
    findings.warn(fmt::format("the clocks of the server ({}) and of this host differ by minutes",
                              to_rfc3339(server.clock)),
                  "backups are dated by the server's clock; check NTP on both");
  }
}

/// Every table is locked by us, by pg_dump, and by a worker while it is copied: one lock with up to three
/// holders. The server has room for max_locks_per_transaction * (max_connections + max_prepared_transactions)
/// locks and twice as many holders (https://www.postgresql.org/docs/current/runtime-config-locks.html), and
/// some more that we leave to others.
bool fits_lock_table(Connection& connection, const ServerFacts& server, const std::vector<TableInfo>& tables,
                     unsigned jobs, Findings& findings) {
  const auto relations = static_cast<std::uint64_t>(std::ranges::count_if(tables, is_lockable));
  const std::uint64_t backends =
      static_cast<std::uint64_t>(server.max_connections + server.max_prepared_transactions);
  const std::uint64_t needed = relations + jobs * kLocksPerWorker + kCatalogLocks;
  if (needed <= static_cast<std::uint64_t>(server.max_locks_per_transaction) * backends) return true;
  const std::string hint = fmt::format(
      "max_locks_per_transaction = {} on the server ends this (postgresql.conf, "
      "and a restart)",
      needed / backends + 1);
  // pg_dump locks them all in one transaction, whatever we do. How far the server's table grows beyond its
  // setting, only the server knows.
  if (!has_room_for_locks(connection, tables))
    findings.refuse(
        fmt::format("the server's lock table is too small for pg_dump to lock {} tables", relations), hint);
  else
    findings.warn(
        fmt::format(
            "the server's lock table is too small to hold {} tables locked: each is locked when it is "
            "copied, and DDL during the backup makes it start again",
            relations),
        hint);
  return false;
}

/// Throws when something was refused: the one finding itself, or how many were told.
void conclude(const std::vector<PreflightFinding>& findings, Observer& observer) {
  std::vector<Refused> refused;
  for (const PreflightFinding& finding : findings) {
    if (finding.weight == PreflightFinding::Weight::warning)
      observer.message(Level::warning, finding.text, finding.hint);
    if (finding.weight == PreflightFinding::Weight::refused) refused.emplace_back(finding.text, finding.hint);
  }
  if (refused.empty()) return;
  if (refused.size() == 1) throw refused.front();
  for (const Refused& finding : refused) observer.message(Level::error, finding.what(), finding.hint());
  throw Refused(fmt::format("preflight refused the backup: {} findings", refused.size()),
                "mend what is listed and run it again; nothing was locked or written");
}

void choose_tools(const BackupOptions& options, Preflight& result, Findings& findings, std::stop_token stop) {
  try {
    result.pg_dump = choose_pg_dump(result.server.version, options.pg_dump, stop, options.pg_dump_elsewhere);
    result.pg_dumpall = sibling(result.pg_dump, "pg_dumpall", stop);
    if (const std::string why = misfit(result.pg_dump, result.server.version); !why.empty())
      findings.warn(why, {});
  } catch (const Refused& refused) {
    findings.refuse(refused.what(), refused.hint());
  }
}

void check_passwords(Connection& connection, Preflight& result, Findings& findings) {
  if (!result.role_passwords ||
      connection.query("SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')")
          .boolean(0, 0))
    return;
  findings.warn(
      fmt::format("{} may not read pg_authid: the roles are kept without their passwords", connection.user()),
      "back up as a superuser to keep them, or say so with --no-role-passwords");
  result.role_passwords = false;
}

}  // namespace

std::optional<Refused> behind_the_newest(Time server_clock, const std::optional<Backup>& newest) {
  if (!newest || !newest->summary || server_clock >= newest->summary->snapshot.taken) return std::nullopt;
  return Refused(
      fmt::format("the server's clock ({}) is behind the newest backup ({})", to_rfc3339(server_clock),
                  newest->id.stamp),
      fmt::format("set the server's clock right; if it is right, and was wrong when that backup was taken, "
                  "move {} out of the repository",
                  newest->dir.string()));
}

std::optional<Refused> refused_for_binary(Connection& connection, const std::vector<TableInfo>& tables,
                                          const TableChoice& choice) {
  const std::vector<std::string> unfit = unfit_for_binary(connection, tables, choice);
  if (unfit.empty()) return std::nullopt;
  return Refused(
      "--binary-table: columns that can't be kept in binary: " + list_some(unfit),
      "take these tables out of --binary-table (binary_table in the configuration): as text such columns "
      "are sound; rows that can't be read as text either can be left out by --exclude-table-data");
}

std::vector<PreflightFinding> examine(Connection& connection, const Place& root, const BackupOptions& options,
                                      const std::optional<Backup>& newest, Preflight& result,
                                      std::stop_token stop) {
  Findings findings;
  result.server = read_server_facts(connection);
  result.jobs = std::max(1U, options.jobs);
  findings.about("server");
  check_server(connection, result.server, findings);
  // The catalogs of a server we do not know may lack what the rest asks for.
  if (findings.any_refused()) return findings.take();

  const std::vector<TableInfo> tables = list_tables(connection, false);
  findings.about("privileges");
  check_readable(connection, tables, findings);
  check_user_mappings(connection, result, findings);
  check_subscriptions(connection, result, findings);
  check_members(connection, findings);
  result.role_passwords = options.role_passwords;
  check_passwords(connection, result, findings);
  note_extension_tables(connection, result);
  if (!options.tables.binary.empty()) {
    findings.about("binary tables");
    const TableChoice choice = choose_tables(tables, options.tables);
    if (const auto refused = refused_for_binary(connection, tables, choice))
      findings.refuse(refused->what(), refused->hint());
  }
  findings.about("lock table");
  result.reduced_locks = !fits_lock_table(connection, result.server, tables, result.jobs, findings);
  findings.about("disk");
  check_disk(root, result.server, newest, options, connection.database(), findings);
  findings.about("clock");
  check_clock(result.server, newest, findings);
  findings.about("pg_dump");
  choose_tools(options, result, findings, stop);
  return findings.take();
}

Preflight preflight(Connection& connection, const Repository& repository, const BackupOptions& options,
                    const std::optional<Backup>& newest, Observer& observer, std::stop_token stop) {
  observer.phase("preflight");
  Preflight result;
  std::vector<PreflightFinding> findings =
      examine(connection, repository.root(), options, newest, result, stop);
  std::ranges::move(examine_disk(repository), std::back_inserter(findings));
  conclude(std::move(findings), observer);
  return result;
}

}  // namespace pgassay::backup
