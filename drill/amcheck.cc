#include "drill/amcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "drill/server_failure.h"

namespace pgassay::drill {
namespace {

struct Subject {
  bool index = false;
  std::string shown, oid;
};

std::optional<std::string> extension_schema(Connection& connection) {
  const Result found = connection.query(
      "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = "
      "e.extnamespace"
      " WHERE e.extname = 'amcheck'");
  if (found.rows() == 0) return std::nullopt;
  return found.text(0, 0);
}

std::string make_extension(Connection& connection) {
  constexpr const char* kSchema = "pgassay_amcheck";
  connection.query(fmt::format("CREATE SCHEMA {0}; CREATE EXTENSION amcheck SCHEMA {0}", kSchema));
  return kSchema;
}

std::vector<Subject> list_subjects(Connection& connection, std::set<std::string>& others) {
  const bool heaps = server_has(connection.server_version(), Feature::heap_checks);
  const Result found = connection.query(
      "SELECT c.relkind = 'i', pg_catalog.format('%I.%I', n.nspname, c.relname), c.oid,"
      " CASE WHEN c.relkind = 'i' THEN a.amname = 'btree' WHEN c.relkind IN ('r', 'm', 't') THEN a.amname = "
      "'heap' AND " +
      std::string(heaps ? "true" : "false") +
      " ELSE false END, coalesce(i.indisvalid AND i.indisready, true)"
      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = "
      "c.oid"
      " WHERE c.relpersistence <> 't' AND c.relkind IN ('i', 'I', 'r', 'm', 't') ORDER BY c.relpages DESC");
  std::vector<Subject> subjects;
  for (int row = 0; row < found.rows(); ++row) {
    if (!found.boolean(row, 3))
      others.insert(found.text(row, 1));
    else if (found.boolean(row, 4))
      subjects.push_back({found.boolean(row, 0), found.text(row, 1), found.text(row, 2)});
  }
  return subjects;
}

std::string sql_for(const Subject& subject, const std::string& schema) {
  if (subject.index) return fmt::format("SELECT {}.bt_index_check({}, true)", schema, subject.oid);
  return fmt::format(
      "SELECT pg_catalog.format('page %s, item %s: %s', blkno, offnum, msg) FROM {}.verify_heapam({}) LIMIT "
      "1",
      schema, subject.oid);
}

/// Nothing when it is sound.
std::optional<Check> look_at(Connection& connection, const Subject& subject, const std::string& schema) {
  const std::string name = (subject.index ? "amcheck index " : "amcheck table ") + subject.shown;
  const CheckId id = {CheckKind::structure, subject.shown, {}};
  try {
    const Result result = connection.query(sql_for(subject, schema));
    if (subject.index || result.rows() == 0) return std::nullopt;
    return Check{name, Verdict::fail, result.text(0, 0), id};
  } catch (const ServerError& error) {
    if (is_server_failure(error.sqlstate())) error.raise();
    const bool corrupt = error.sqlstate().starts_with("XX");
    return Check{name, corrupt ? Verdict::fail : Verdict::unverified, error.what(), id};
  }
}

std::vector<Check> look_at_all(const ConnInfo& database, const std::vector<Subject>& subjects,
                               const std::string& schema, unsigned jobs, Observer& observer,
                               std::stop_token stop) {
  std::vector<Check> checks;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  observer.plan(subjects.size(), 0);
  const auto workers = static_cast<unsigned>(std::clamp<std::size_t>(subjects.size(), 1, std::max(1U, jobs)));
  run_workers("amcheck", workers, stop, [&](unsigned worker, std::stop_token inner) {
    Connection connection = Connection::open(database, "pgassay amcheck", inner);
    start_reading_session(connection);
    for (std::size_t index = next++; index < subjects.size(); index = next++) {
      throw_if_stopped(inner);
      observer.part_started(worker, subjects[index].shown);
      const auto check = look_at(connection, subjects[index], schema);
      observer.part_finished(worker, subjects[index].shown);
      const std::lock_guard guard(mutex);
      if (check) checks.push_back(*check);
    }
  });
  return checks;
}

}  // namespace

std::vector<Check> check_structure(const ConnInfo& database, unsigned jobs, Observer& observer,
                                   std::stop_token stop, std::optional<std::set<std::string>>& looked_at) {
  looked_at.reset();
  Connection leader = Connection::open(database, "pgassay amcheck", stop);
  start_loading_session(leader);
  std::string schema;
  try {
    const auto there = extension_schema(leader);
    schema = quote_identifier(there ? *there : make_extension(leader));
  } catch (const ServerError& error) {
    return {{"amcheck", Verdict::unverified,
             fmt::format("{}; it comes with the server's contrib modules (Debian: postgresql-NN, elsewhere "
                         "postgresql-contrib)",
                         error.what())}};
  }
  const std::vector<Subject> subjects = list_subjects(leader, looked_at.emplace());
  std::vector<Check> checks = look_at_all(database, subjects, schema, jobs, observer, stop);
  for (const Subject& subject : subjects) looked_at->insert(subject.shown);
  if (!checks.empty()) return checks;
  const auto indexes =
      std::count_if(subjects.begin(), subjects.end(), [](const Subject& one) { return one.index; });
  return {{"amcheck", Verdict::pass,
           fmt::format("{} indexes and {} tables are sound", indexes,
                       static_cast<std::ptrdiff_t>(subjects.size()) - indexes)}};
}

}  // namespace pgassay::drill
