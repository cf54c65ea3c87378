#include "proof/readers.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/postgres/session.h"
#include "core/system/cancellation.h"

namespace pgassay::proof {
namespace {

/// A savepoint around each COPY gives the table's lock back at once, so that tens of thousands of tables need
/// no larger lock table.
void read_unit(Connection& connection, const ProofUnit& unit, ProofSubject& subject, std::mutex& mutex,
               Observer& observer) {
  DigestSink sink(observer, unit.format);
  GeneratedCutter cutter(sink, unit.columns, unit.generated, unit.format);
  ChunkSink& rows = unit.generated > 0 ? static_cast<ChunkSink&>(cutter) : sink;
  GeneratedDigest generated;
  std::string problem;
  bool forbidden = false;
  try {
    connection.copy_out("SAVEPOINT pgassay; " + unit.sql, rows, unit.format);
    if (unit.generated > 0) generated = cutter.finish();
  } catch (const ServerError& error) {
    const std::string kind = error.sqlstate().substr(0, 2);
    if (kind == "53" || kind == "57" || kind == "58") error.raise();
    problem = error.what();
    forbidden = error.sqlstate() == "42501";
  }
  connection.query("ROLLBACK TO SAVEPOINT pgassay; RELEASE SAVEPOINT pgassay");
  sink.tell();
  const std::lock_guard guard(mutex);
  if (problem.empty()) {
    subject.found.merge(sink.finish());
    subject.generated.merge(generated);
  } else {
    subject.problem = problem;
    subject.forbidden = forbidden;
  }
}

}  // namespace

void read_units(const ConnInfo& target, const std::string& snapshot, const std::string& lc_monetary,
                std::vector<ProofUnit> units, std::vector<ProofSubject>& subjects, unsigned jobs,
                Observer& observer, std::stop_token stop) {
  std::stable_sort(units.begin(), units.end(),
                   [](const ProofUnit& a, const ProofUnit& b) { return a.bytes > b.bytes; });
  std::uint64_t bytes = 0;
  for (const ProofUnit& unit : units) bytes += unit.bytes;
  observer.plan(units.size(), bytes);
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  const auto workers = static_cast<unsigned>(std::clamp<std::size_t>(units.size(), 1, std::max(1U, jobs)));
  run_workers("proof", workers, stop, [&](unsigned worker, std::stop_token inner) {
    Connection connection = Connection::open(target, "pgassay proof", inner);
    start_reading_session(connection, lc_monetary);
    connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT " +
                     quote_literal(snapshot));
    for (std::size_t index = next++; index < units.size(); index = next++) {
      throw_if_stopped(inner);
      ProofSubject& subject = subjects[units[index].subject];
      observer.part_started(worker, subject.shown);
      read_unit(connection, units[index], subject, mutex, observer);
      observer.part_finished(worker, subject.shown);
    }
  });
}

}  // namespace pgassay::proof
