#include "restore/load/row_by_row.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/postgres/catalog.h"
#include "core/system/files.h"
#include "restore/load/part_feed.h"

namespace pgassay::restore {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

/// public.t.0003.copy of data/public.t.0003.copy.zst.
std::string reject_name(const Part& part) {
  std::string name = Path(part.file).filename().string();
  if (name.ends_with(".zst")) name.resize(name.size() - 4);
  return name;
}

class RowByRow {
 public:
  RowByRow(Connection& connection, const LoadJob& job, const Relation& relation, const QualifiedName& into,
           const Part& part)
      : connection_(connection),
        job_(job),
        part_(part),
        copy_(copy_in_sql(into, relation.columns, {job.manifest.encoding, part.format}, false)) {}

  RowsTaken run() {
    if (!job_.rejects.empty())
      remove_tree(job_.rejects / reject_name(part_));  // of an attempt that was taken back
    Observer silent;
    RowBatches batches(kRowsAtOnce, [this](std::string_view rows) { load(rows); });
    feed_part(job_.dir, part_, batches, silent);
    batches.finish();
    if (file_) close_checked(std::move(file_), done_.rejects);
    return std::move(done_);
  }

 private:
  void load(std::string_view rows) {
    if (rows.empty()) return;
    try {
      done_.taken += connection_.copy_in("SAVEPOINT pgassay_rows; " + copy_,
                                         [&](ChunkSink& sink) { sink.chunk(as_bytes(rows)); });
      connection_.query("RELEASE SAVEPOINT pgassay_rows");
      return;
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
      connection_.query("ROLLBACK TO SAVEPOINT pgassay_rows; RELEASE SAVEPOINT pgassay_rows");
      if (rows.find('\n') + 1 == rows.size()) return reject(rows, error);
    }
    const std::size_t end = rows.find('\n', std::min(rows.size() / 2, rows.size() - 2)) + 1;
    const std::size_t half = end == rows.size() ? rows.rfind('\n', rows.size() - 2) + 1 : end;
    load(rows.substr(0, half));
    load(rows.substr(half));
  }

  void reject(std::string_view row, const ServerError& error) {
    if (done_.rejected++ == 0) {
      done_.first_error = error.what();
      done_.sqlstate = error.sqlstate();
      open();
    }
    if (file_) write_all(file_.get(), as_bytes(row), done_.rejects);
  }

  void open() {
    if (job_.rejects.empty()) return;
    make_private_dirs(job_.rejects);
    done_.rejects = job_.rejects / reject_name(part_);
    file_ = create_file(done_.rejects);
  }

  Connection& connection_;
  const LoadJob& job_;
  const Part& part_;
  const std::string copy_;
  RowsTaken done_;
  Fd file_;
};

}  // namespace

RowsTaken load_row_by_row(Connection& connection, const LoadJob& job, const Relation& relation,
                          const QualifiedName& into, const Part& part) {
  return RowByRow(connection, job, relation, into, part).run();
}

}  // namespace pgassay::restore
