#include "restore/load/large_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "core/system/cancellation.h"
#include "restore/load/large_object_sql.h"
#include "restore/load/part_feed.h"

namespace pgassay::restore {
namespace {

/// Each object takes a lock when its owner or comment is set: few enough for any lock table.
constexpr std::size_t kObjectsATransaction = 500;
constexpr std::size_t kPagesATransaction = 4000;

class ObjectLoader {
 public:
  ObjectLoader(const LoadJob& job, bool owners, bool acl, std::vector<Loss>& lost, Observer& observer)
      : job_(job), owners_(owners), acl_(acl), lost_(lost), observer_(observer) {}

  /// Makes every object of the metadata part, empty.
  void make_objects(std::stop_token stop) {
    const Part& part = *job_.manifest.large_objects.metadata;
    check_part(job_.dir, part);
    Connection connection = open_loader(job_, stop);
    connection.query(
        "CREATE TEMPORARY TABLE pgassay_objects (loid oid, owner text, comment text, privileges text)"
        " ON COMMIT DELETE ROWS");
    RowBatches batches(kObjectsATransaction, [&](std::string_view rows) {
      throw_if_stopped(stop);
      stage(connection, "pgassay_objects (loid, owner, comment, privileges)", rows);
      // An interrupted restore may have made some.
      connection.query(
          "SELECT pg_catalog.lo_create(s.loid) FROM pg_temp.pgassay_objects s WHERE NOT EXISTS"
          " (SELECT FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = s.loid)");
      describe(connection);
      connection.query("COMMIT");
    });
    read_part(job_.dir, part.file, batches, part.raw);
    batches.finish();
    report_failures();
  }

  Loaded fill_objects(std::stop_token stop) {
    const std::vector<Part>& parts = job_.manifest.large_objects.parts;
    const auto workers =
        static_cast<unsigned>(std::clamp<std::size_t>(parts.size(), 1, std::max(1U, job_.jobs)));
    std::atomic<std::size_t> next = 0;
    run_workers("objects", workers, stop, [&](unsigned worker, std::stop_token inner) {
      Connection connection = open_loader(job_, inner);
      connection.query(
          "CREATE TEMPORARY TABLE pgassay_pages (loid oid, pageno integer, data bytea) ON COMMIT DELETE "
          "ROWS");
      for (std::size_t index = next++; index < parts.size(); index = next++) {
        if (job_.record.has(parts[index])) continue;
        observer_.part_started(worker, "large objects");
        fill_from(connection, parts[index], inner);
        observer_.part_finished(worker, "large objects");
      }
    });
    Loaded done;
    for (const Part& part : parts) done.raw_bytes += part.raw;
    return done;
  }

 private:
  struct Description {
    std::string loid;
    const char* aspect;
    std::string sql;
  };
  struct Failures {
    std::uint64_t count = 0;
    std::string first, sqlstate;
  };
  static constexpr const char* kAspects[] = {"its comment", "its owner", "its privileges", "its privileges"};

  void stage(Connection& connection, const std::string& table, std::string_view rows) {
    connection.copy_in(fmt::format("BEGIN; COPY pg_temp.{} FROM STDIN WITH (ENCODING {})", table,
                                   quote_literal(job_.manifest.encoding)),
                       [&](ChunkSink& sink) { sink.chunk(as_bytes(rows)); });
  }

  /// Owner, privileges and comment of the staged objects: all in one go, one by one where that fails.
  void describe(Connection& connection) {
    const Result result = connection.query(object_statements_sql(owners_, acl_));
    std::string all = "SAVEPOINT pgassay; ";
    std::vector<Description> each;
    for (int row = 0; row < result.rows(); ++row)
      for (int column = 1; column <= 4; ++column)
        if (!result.null(row, column))
          each.push_back({result.text(row, 0), kAspects[column - 1], result.text(row, column)});
    if (each.empty()) return;
    for (const Description& one : each) all += one.sql + "; ";
    try {
      connection.query(all + "RELEASE SAVEPOINT pgassay");
      return;
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
    }
    connection.query("ROLLBACK TO SAVEPOINT pgassay");
    for (const Description& one : each) describe_one(connection, one);
  }

  void describe_one(Connection& connection, const Description& one) {
    try {
      connection.query("SAVEPOINT pgassay; " + one.sql + "; RELEASE SAVEPOINT pgassay");
    } catch (const ServerError& error) {
      connection.query("ROLLBACK TO SAVEPOINT pgassay");
      Failures& failures = failures_[fmt::format("{}: {}", one.aspect, error.what())];
      if (++failures.count > 1) return;
      failures.first = one.loid;
      failures.sqlstate = error.sqlstate();
    }
  }

  /// A million objects of one absent owner are one line.
  void report_failures() {
    for (const auto& [what, failures] : failures_) {
      const std::string others = failures.count > 1 ? fmt::format(" and {} others", failures.count - 1) : "";
      lost_.push_back({LossKind::large_object, failures.first, failures.sqlstate,
                       fmt::format("large object {}{}: {}", failures.first, others, what)});
    }
  }

  /// An object is never in two parts, and its pages ascend: a part that is filled for a second time becomes
  /// what it was to be.
  void fill_from(Connection& connection, const Part& part, std::stop_token stop) {
    check_part(job_.dir, part);
    RowBatches batches(kPagesATransaction, [&](std::string_view rows) {
      throw_if_stopped(stop);
      stage(connection, "pgassay_pages (loid, pageno, data)", rows);
      connection.query(kCutAtEmptyPages);
      connection.query(kFillPages);
      connection.query("COMMIT");
      observer_.advanced(rows.size(), static_cast<std::uint64_t>(std::count(rows.begin(), rows.end(), '\n')));
    });
    read_part(job_.dir, part.file, batches, part.raw);
    batches.finish();
    const std::string record = job_.record.record_sql(part);
    if (!record.empty()) connection.query(record);
    job_.record.loaded(part);
  }

  const LoadJob& job_;
  bool owners_, acl_;
  std::vector<Loss>& lost_;
  std::map<std::string, Failures> failures_;
  Observer& observer_;
};

}  // namespace

Loaded load_large_objects(const LoadJob& job, bool owners, bool acl, std::vector<Loss>& lost,
                          Observer& observer, std::stop_token stop) {
  if (!job.manifest.large_objects.metadata) return {};
  ObjectLoader loader(job, owners, acl, lost, observer);
  loader.make_objects(stop);
  return loader.fill_objects(stop);
}

}  // namespace pgassay::restore
