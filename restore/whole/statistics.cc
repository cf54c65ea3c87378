#include "restore/whole/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "core/repository/layout.h"
#include "core/system/error.h"
#include "restore/application_name.h"
#include "restore/archive/archive_list.h"

namespace pgassay::restore {
namespace {

/// Every relation that can have statistics, and every statistics object: its kind, its table, and whether no
/// code of users reads them.
constexpr const char* kThatTakeStatistics = R"(
WITH RECURSIVE held (part, whole) AS (
  SELECT t.typelem, t.oid FROM pg_catalog.pg_type t WHERE t.typelem <> 0
  UNION ALL
  SELECT a.atttypid, c.reltype FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT r.rngsubtype, r.rngtypid FROM pg_catalog.pg_range r
  UNION ALL
  SELECT r.rngtypid, r.rngmultitypid FROM pg_catalog.pg_range r),
calling (oid) AS (
  SELECT t.oid FROM pg_catalog.pg_type t
  WHERE t.typtype = 'd' OR (t.typtype IN ('r', 'm') AND t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace)
  UNION SELECT h.whole FROM calling g JOIN held h ON h.part = g.oid)
SELECT n.nspname, c.relname, c.relkind, tn.nspname, t.relname, NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute a JOIN calling g ON g.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_class t ON t.oid = coalesce(i.indrelid, c.oid) JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relkind IN ('r', 'm', 'p', 'i', 'I') AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
UNION ALL
SELECT n.nspname, s.stxname, 's', tn.nspname, t.relname, s.stxexprs IS NULL AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_attribute a JOIN calling g ON g.oid = a.atttypid WHERE a.attrelid = t.oid AND a.attnum > 0)
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace
JOIN pg_catalog.pg_class t ON t.oid = s.stxrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace)";

/// Whose rows are there as they were when they were read.
std::set<QualifiedName> as_backed_up(const Manifest& manifest, const std::set<QualifiedName>& changed) {
  std::set<QualifiedName> names;
  for (const Relation& relation : manifest.relations)
    if (relation.extension.empty() && relation.data != Data::excluded &&
        (relation.kind != 'm' || relation.populated) && !changed.contains(relation.name))
      names.insert(relation.name);
  return names;
}

/// The archive tells an entry's schema and name with a blank between: two relations may share such a text.
class Takers {
 public:
  Takers(Connection& target, const std::set<QualifiedName>& tables) {
    const Result found = target.query(kThatTakeStatistics);
    for (int row = 0; row < found.rows(); ++row) {
      const QualifiedName name{found.text(row, 0), found.text(row, 1)};
      const bool takes = found.boolean(row, 5) && tables.contains({found.text(row, 3), found.text(row, 4)});
      if (found.text(row, 2) == "s") {
        if (takes) objects_.push_back(name);
      } else {
        (takes ? relations_ : others_).insert(ArchiveEntry::text_of(name));
      }
    }
  }

  bool take(const ArchiveEntry& entry) const {
    if (entry.is("STATISTICS DATA")) return relations_.contains(entry.text) && !others_.contains(entry.text);
    return entry.is("EXTENDED STATISTICS DATA") &&
           std::ranges::any_of(objects_, [&](const QualifiedName& name) { return entry.names(name); });
  }

 private:
  std::set<std::string> relations_, others_;
  std::vector<QualifiedName> objects_;
};

}  // namespace

bool carries_statistics(const Manifest& manifest, const PgTool& pg_restore, int server_version) {
  return server_has(server_version, Feature::statistics_to_restore) &&
         server_has(pg_restore.version, Feature::statistics_to_restore) &&
         std::ranges::find(manifest.files, kStatisticsFile, &StoredFile::file) != manifest.files.end();
}

void give_statistics(const ConnInfo& target, const SchemaRun& run, const Manifest& manifest,
                     const std::set<QualifiedName>& changed, std::vector<Note>& notes, std::stop_token stop) {
  const auto refused = [&](const std::string& what) {
    notes.push_back(
        {NoteKind::analyze, {}, {}, fmt::format("statistics of the planner: {}; ANALYZE made them", what)});
  };
  try {
    Connection connection = Connection::open(target, kRestoreApplication, stop);
    start_loading_session(connection);
    const Takers takers(connection, as_backed_up(manifest, changed));
    SchemaRun of_them = run;
    of_them.section.clear();
    of_them.entries.emplace();
    for (const ArchiveEntry& entry : list_archive(run.pg_restore, run.archive, stop))
      if (takers.take(entry)) of_them.entries->push_back(entry.id);
    if (of_them.entries->empty()) return;
    Command command = pg_restore_command(connection, of_them, false);
    const Fd archive = append_archive(command, run.pg_restore, run.archive);
    const Completed done = pgassay::run(command, stop);
    // Not its words: they quote values of rows. Nor how many: with --jobs it counts each more than once.
    if (ignored_errors(done.err).value_or(0) > 0)
      refused("the server refused some of the backup's");
    else if (!done.ok())
      refused(fmt::format("pg_restore ended with status {}", done.status));
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    refused(error.what());
  }
}

}  // namespace pgassay::restore
