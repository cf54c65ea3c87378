#include "restore/load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/postgres/catalog.h"
#include "core/postgres/server_trouble.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"
#include "restore/load/late_tables.h"
#include "restore/load/load_queue.h"
#include "restore/load/owner_guard.h"
#include "restore/load/part_feed.h"

namespace pgassay::restore {
namespace {

/// Below this a new file for the table costs more than FREEZE saves.
constexpr std::uint64_t kWorthFreezing = 1 << 20;

class Loader {
 public:
  Loader(const LoadJob& job, const IndexBuilding& building, OwnerGuard& guard,
         std::vector<const Relation*> late, std::vector<Loss>& lost, Observer& observer)
      : job_(job),
        building_(building),
        guard_(guard),
        late_(std::move(late)),
        queue_({job.manifest,
                job.record,
                job.jobs,
                job.wal_is_minimal,
                building.indexes,
                job.run_bytes,
                {late_.begin(), late_.end()}}),
        lost_(lost),
        observer_(observer) {}

  Loaded run(std::stop_token stop) {
    plan();
    const auto workers =
        static_cast<unsigned>(std::clamp<std::uint64_t>(queue_.steps(), 1, std::max(1U, job_.jobs)));
    run_workers("load", workers, stop,
                [this](unsigned worker, std::stop_token inner) { work(worker, inner); });
    if (!late_.empty()) load_late(std::move(stop));
    return std::move(done_);
  }

 private:
  void plan() {
    std::uint64_t parts = queue_.steps(), raw = queue_.raw_bytes();
    for (const Relation* relation : late_)
      for (const Part& part : relation->parts)
        if (!job_.record.has(part)) {
          ++parts;
          raw += part.raw;
        }
    observer_.plan(parts, raw);
  }

  /// One after the other, and a part at a time as pg_restore would: a rule may look for the rows before its
  /// own.
  void load_late(std::stop_token stop) {
    Connection connection = open_loader(job_, stop);
    for (const Relation* relation : late_) {
      const std::unique_ptr<OwnerSession> owner = guard_.for_rows(load_target(*relation));
      for (const Part& part : relation->parts) {
        if (job_.record.has(part)) continue;
        throw_if_stopped(stop);
        observer_.part_started(0, relation->name.shown());
        Task one{relation, {&part}, false, {}};
        owner ? load_as(*owner, connection, one) : static_cast<void>(load(connection, one));
        observer_.part_finished(0, relation->name.shown());
      }
    }
  }

  /// The owner may not write our record: we do, and an interruption between the two commits is for the proof.
  void load_as(OwnerSession& owner, Connection& ours, const Task& task) {
    const Part& part = *task.parts.front();
    if (part.digest.rows == 0) {
      check_part(job_.dir, part);
      return count(task, 0, 1);
    }
    try {
      copy_part(owner.connection, job_, *task.relation, load_target(*task.relation), part, observer_,
                "BEGIN; ");
      owner.connection.query("COMMIT");
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();
      owner.connection.query("ROLLBACK");
      const std::lock_guard guard(mutex_);
      done_.refused.push_back({task.relation, &part, error.sqlstate(), error.what()});
      return;
    }
    if (const std::string record = job_.record.record_sql(part); !record.empty()) ours.query(record);
    count(task, 0, 1);
  }

  void work(unsigned worker, std::stop_token stop) {
    Connection connection = open_loader(job_, stop);
    while (std::optional<Task> task = queue_.next(stop)) {
      const bool rows = !task->parts.empty();
      const std::string shown = (rows ? "" : "indexes of ") + task->relation->name.shown();
      observer_.part_started(worker, shown);
      queue_.done(*task, rows ? load(connection, *task) : build(connection, *task, stop));
      const std::size_t steps = rows ? task->parts.size() : 1;
      for (std::size_t step = 0; step < steps; ++step) observer_.part_finished(worker, shown);
    }
  }

  /// False when some of it is lost.
  bool build(Connection& connection, const Task& task, std::stop_token stop) {
    const std::vector<Loss> lost = building_.build(connection, task.entries, std::move(stop));
    const std::lock_guard guard(mutex_);
    lost_.insert(lost_.end(), lost.begin(), lost.end());
    return lost.empty();
  }

  /// FREEZE, and the short cut of wal_level=minimal, are legal only in the transaction that made or emptied
  /// the table: https://www.postgresql.org/docs/current/sql-copy.html. The target was empty, and no other
  /// part of the table is loaded before or after, so TRUNCATE takes nothing away.
  static bool freezable(const Task& task) {
    return task.whole && task.relation->raw_bytes() >= kWorthFreezing;
  }

  /// False when some of it is lost. What others have taken over is no longer of the task.
  bool load(Connection& connection, Task& task) {
    bool all = true;
    for (std::size_t begin = 0; begin < task.parts.size();) {
      const std::size_t end = task.whole ? task.parts.size() : end_of_run(task, begin);
      std::size_t at = begin;  // the one after the part that is copied
      try {
        copy_run(connection, task, end, at);
        count(task, begin, at);
      } catch (const ConnectionLost& error) {
        throw ConnectionLost(where(task, begin, at) + error.what(), error.hint());
      } catch (const ServerError& error) {
        if (!object_fault(error))
          throw ServerError(where(task, begin, at) + error.what(), error.hint(), error.sqlstate());
        connection.query("ROLLBACK");
        at = end;
        if (end - begin > 1) {
          all = load_one_by_one(connection, task, begin, end) && all;
        } else {
          const std::lock_guard guard(mutex_);
          done_.refused.push_back({task.relation, task.parts[begin], error.sqlstate(), error.what()});
          all = false;
        }
      }
      begin = at;
      if (at < end) queue_.share(task, at);
    }
    return all;
  }

  static std::string where(const Task& task, std::size_t begin, std::size_t at) {
    return fmt::format("table {}: {}: ", task.relation->name.shown(),
                       task.parts[at > begin ? at - 1 : begin]->file);
  }

  std::size_t end_of_run(const Task& task, std::size_t begin) const {
    std::size_t end = begin;
    for (std::uint64_t raw = 0; end < task.parts.size() && raw < job_.run_bytes; ++end)
      raw += task.parts[end]->raw;
    return end;
  }

  /// The parts from `at` up to `end`, or fewer when others have nothing to do, in one transaction. Nothing of
  /// them is in where it throws.
  void copy_run(Connection& connection, const Task& task, std::size_t end, std::size_t& at) {
    std::string begin = "BEGIN; ", records;
    if (freezable(task)) begin += "TRUNCATE ONLY " + load_target(*task.relation).quoted() + "; ";
    const std::size_t first = at;
    while (at < end && (at == first || !queue_.wanted(task, at))) {
      const std::size_t from = at;
      if (!copy(connection, task, end, begin, at)) continue;
      begin.clear();
      for (std::size_t i = from; i < at; ++i) records += job_.record.record_sql(*task.parts[i]);
    }
    if (begin.empty()) connection.query(records + "COMMIT");
  }

  /// By one COPY: of text all of them, for its parts put together are one text; of binary rows, which have a
  /// header each, one. False when there is nothing to copy, and no transaction was begun.
  bool copy(Connection& connection, const Task& task, std::size_t end, const std::string& begin,
            std::size_t& at) {
    const Part& first = *task.parts[at];
    if (first.digest.rows == 0) {
      NoRows none;
      feed_part(job_.dir, first, none, observer_);
      ++at;
      return false;
    }
    if (first.format == RowFormat::binary) end = at + 1;
    const std::size_t from = at;
    copy_parts(
        connection, job_, *task.relation, load_target(*task.relation),
        [&]() -> const Part* {
          if (at == end || (at > from && queue_.wanted(task, at))) return nullptr;
          return task.parts[at++];
        },
        observer_, begin, freezable(task));
    return true;
  }

  /// So that a row which the server refuses takes only its own part along.
  bool load_one_by_one(Connection& connection, const Task& task, std::size_t begin, std::size_t end) {
    bool all = true;
    for (std::size_t i = begin; i < end; ++i) {
      Task one{task.relation, {task.parts[i]}, false, {}};
      all = load(connection, one) && all;
    }
    return all;
  }

  void count(const Task& task, std::size_t begin, std::size_t end) {
    const std::lock_guard guard(mutex_);
    for (std::size_t i = begin; i < end; ++i) {
      job_.record.loaded(*task.parts[i]);
      done_.rows += task.parts[i]->digest.rows;
      done_.raw_bytes += task.parts[i]->raw;
    }
  }

  const LoadJob& job_;
  const IndexBuilding& building_;
  OwnerGuard& guard_;
  const std::vector<const Relation*> late_;
  LoadQueue queue_;
  std::mutex mutex_;  ///< of lost_ and done_
  std::vector<Loss>& lost_;
  Loaded done_;
  Observer& observer_;
};

std::string setval(const Sequence& sequence) {
  return fmt::format("SELECT pg_catalog.setval({}, {}, {})", quote_literal(sequence.name.quoted()),
                     sequence.last_value, sequence.is_called);
}

/// pg_dump says nothing of the type of an identity's sequence, which need not be its column's (LIKE …
/// INCLUDING IDENTITY). The rest of it is as it was.
void mend_types(Connection& connection, const std::vector<Sequence>& sequences) {
  if (sequences.empty()) return;
  std::map<QualifiedName, std::string> types;
  const Result rows = connection.query(
      "SELECT n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, NULL) FROM pg_catalog.pg_sequence s"
      " JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
      " AND d.objid = c.oid AND d.deptype = 'i'");
  for (int row = 0; row < rows.rows(); ++row)
    types[{rows.text(row, 0), rows.text(row, 1)}] = rows.text(row, 2);
  for (const Sequence& sequence : sequences) {
    const auto found = types.find(sequence.name);
    if (!sequence.attributes || found == types.end() || found->second == sequence.attributes->type) continue;
    const bool known = sequence.attributes->type == "bigint" || sequence.attributes->type == "integer" ||
                       sequence.attributes->type == "smallint";
    if (!known) continue;
    try {
      connection.query(fmt::format("ALTER SEQUENCE {} AS {} MINVALUE {} MAXVALUE {}", sequence.name.quoted(),
                                   sequence.attributes->type, sequence.attributes->min,
                                   sequence.attributes->max));
    } catch (const ServerError& error) {
      if (!object_fault(error)) error.raise();  // its proof says the rest
    }
  }
}

}  // namespace

bool object_fault(const ServerError& error) {
  return !is_server_trouble(error.sqlstate(), error.what());
}

Connection open_loader(const LoadJob& job, std::stop_token stop) {
  Connection connection = Connection::open(job.target, kRestoreApplication, stop);
  start_loader(connection, job);
  return connection;
}

void start_loader(Connection& connection, const LoadJob& job) {
  const auto money = job.manifest.session.find("lc_monetary");
  start_loading_session(connection, money == job.manifest.session.end() ? "" : money->second);
  if (!job.search_path.empty()) connection.query("SET search_path = " + job.search_path);
}

Loaded load_tables(const LoadJob& job, const IndexBuilding& building, OwnerGuard& guard,
                   std::vector<Loss>& lost, Observer& observer, std::stop_token stop) {
  Connection connection = open_loader(job, stop);
  return Loader(job, building, guard, find_late_tables(connection, job.manifest), lost, observer).run(stop);
}

void copy_parts(Connection& connection, const LoadJob& job, const Relation& relation,
                const QualifiedName& into, const std::function<const Part*()>& next, Observer& observer,
                const std::string& begin, bool freeze) {
  std::vector<const Part*> fed;
  std::uint64_t rows = 0, due = 0;
  const Part* const first = next();
  try {
    rows = connection.copy_in(
        begin + copy_in_sql(into, relation.columns, {job.manifest.encoding, first->format}, freeze),
        [&](ChunkSink& sink) {
          for (const Part* part = first; part != nullptr; part = next()) {
            fed.push_back(part);
            due += part->digest.rows;
            feed_part(job.dir, *part, sink, observer);
          }
        });
  } catch (const ServerError& error) {
    for (const Part* part : fed) check_part(job.dir, *part);
    error.raise();
  }
  if (rows != due)
    throw Error(fmt::format("table {}: {}: the server took {} rows of {}", relation.name.shown(),
                            fed.front()->file, rows, due));
}

void copy_part(Connection& connection, const LoadJob& job, const Relation& relation,
               const QualifiedName& into, const Part& part, Observer& observer, const std::string& begin) {
  const Part* next = &part;
  copy_parts(
      connection, job, relation, into, [&] { return std::exchange(next, nullptr); }, observer, begin);
}

void load_sequences(Connection& connection, const std::vector<Sequence>& sequences, std::vector<Loss>& lost) {
  mend_types(connection, sequences);
  constexpr std::size_t kAtATime = 500;
  for (std::size_t begin = 0; begin < sequences.size(); begin += kAtATime) {
    const std::size_t end = std::min(sequences.size(), begin + kAtATime);
    std::string all;
    for (std::size_t i = begin; i < end; ++i) all += setval(sequences[i]) + "; ";
    try {
      connection.query(all);
      continue;
    } catch (const ServerError&) {
      // One of them failed and took the rest of the batch along: each by itself, then.
    }
    for (std::size_t i = begin; i < end; ++i) {
      try {
        connection.query(setval(sequences[i]));
      } catch (const ServerError& error) {
        const std::string name = sequences[i].name.shown();
        lost.push_back(
            {LossKind::sequence, name, error.sqlstate(), fmt::format("sequence {}: {}", name, error.what())});
      }
    }
  }
}

}  // namespace pgassay::restore
