#include "restore/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "core/postgres/catalog.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/load_queue.h"
#include "restore/part_feed.h"

namespace pgassay {
namespace {

/// Below this a new file for the table costs more than FREEZE saves.
constexpr std::uint64_t kWorthFreezing = 1 << 20;

/// FREEZE, and the short cut of wal_level=minimal, are legal only in the transaction that made or emptied the
/// table: https://www.postgresql.org/docs/current/sql-copy.html. The target was empty, so TRUNCATE takes
/// nothing away.
bool worth_freezing(const Relation& relation) {
  std::uint64_t raw = 0;
  for (const Part& part : relation.parts) raw += part.raw;
  return !relation.via_root && raw >= kWorthFreezing;
}

std::vector<LoadTable> plan(const Manifest& manifest) {
  std::vector<LoadTable> tables;
  for (const Relation& relation : manifest.relations) {
    if (!relation.extension.empty()) continue;
    LoadTable table{&relation, {}, worth_freezing(relation)};
    for (const Part& part : relation.parts) table.parts.push_back(&part);
    tables.push_back(std::move(table));
  }
  return tables;
}

class Loader {
 public:
  Loader(const LoadJob& job, std::vector<std::string>& lost, Observer& observer)
      : job_(job), lost_(lost), observer_(observer) {}

  Loaded run(std::stop_token stop) {
    std::uint64_t raw = 0, parts = 0;
    std::vector<LoadTable> tables = plan(job_.manifest);
    for (const LoadTable& table : tables) {
      parts += table.parts.size();
      for (const Part* part : table.parts) raw += part->raw;
    }
    observer_.plan(parts, raw);
    const auto workers = static_cast<unsigned>(std::clamp<std::uint64_t>(parts, 1, std::max(1U, job_.jobs)));
    LoadQueue queue(std::move(tables), workers);
    run_workers(workers, stop, [&](unsigned worker, std::stop_token inner) { work(queue, worker, inner); });
    return done_;
  }

 private:
  using Turn = LoadQueue::Turn;

  void work(LoadQueue& queue, unsigned worker, std::stop_token stop) {
    Connection connection = open_loader(job_, stop);
    while (const std::optional<Turn> turn = queue.next(worker, stop)) {
      throw_if_stopped(stop);
      if (turn->alone) {
        load_alone(connection, queue, worker, *turn);
      } else {
        load_part(connection, worker, *turn);
      }
    }
  }

  /// Part after part in one transaction. The rows of one part may be refused, and with them the others of the
  /// transaction are gone: these are then loaded by themselves.
  void load_alone(Connection& connection, LoadQueue& queue, unsigned worker, const Turn& turn) {
    const Relation& relation = *turn.relation;
    std::vector<const Part*> loaded;
    try {
      connection.query("BEGIN; TRUNCATE ONLY " + relation.name.quoted());
      for (const Part* part = turn.part; part != nullptr; part = queue.go_on(worker)) {
        loaded.push_back(part);
        copy(connection, worker, relation, *part, "", true);
      }
      connection.query("COMMIT");
    } catch (const ServerError& error) {
      if (loaded.empty()) loaded.push_back(turn.part);
      check_part(job_.dir, *loaded.back());
      if (!object_fault(error)) throw Error(not_loaded(relation, *loaded.back(), error), error.hint());
      connection.query("ROLLBACK");
      return queue.rolled_back(worker, loaded);
    }
    queue.committed(worker);
    for (const Part* part : loaded) count(*part);
  }

  void load_part(Connection& connection, unsigned worker, const Turn& turn) {
    try {
      copy(connection, worker, *turn.relation, *turn.part, "BEGIN; ", false);
      if (turn.part->raw > 0) connection.query("COMMIT");
    } catch (const ServerError& error) {
      check_part(job_.dir, *turn.part);
      const std::string line = not_loaded(*turn.relation, *turn.part, error);
      if (!object_fault(error)) throw Error(line, error.hint());
      connection.query("ROLLBACK");
      const std::lock_guard guard(mutex_);
      lost_.push_back(line);
      return;
    }
    count(*turn.part);
  }

  /// `before`: statements that go first in the same message, where there is anything to copy.
  void copy(Connection& connection, unsigned worker, const Relation& relation, const Part& part,
            const std::string& before, bool freeze) {
    const std::string shown = relation.name.shown();
    observer_.part_started(worker, shown);
    if (part.raw == 0) {
      NoRows none;
      feed_part(job_.dir, part, none, observer_);
    } else {
      const QualifiedName& into = relation.via_root && relation.root ? *relation.root : relation.name;
      const std::uint64_t rows =
          connection.copy_in(before + copy_in_sql(into, relation.columns, job_.manifest.encoding, freeze),
                             [&](ChunkSink& sink) { feed_part(job_.dir, part, sink, observer_); });
      if (rows != part.digest.rows)
        throw Error(fmt::format("table {}: {}: the server took {} rows of {}", shown, part.file, rows,
                                part.digest.rows));
    }
    observer_.part_finished(worker, shown);
  }

  static std::string not_loaded(const Relation& relation, const Part& part, const ServerError& error) {
    return fmt::format("table {}: the {} rows of {} were not loaded: {}", relation.name.shown(),
                       part.digest.rows, part.file, error.what());
  }

  void count(const Part& part) {
    const std::lock_guard guard(mutex_);
    done_.rows += part.digest.rows;
    done_.raw_bytes += part.raw;
  }

  const LoadJob& job_;
  std::mutex mutex_;  ///< of lost_ and done_
  std::vector<std::string>& lost_;
  Loaded done_;
  Observer& observer_;
};

std::string setval(const Sequence& sequence) {
  return fmt::format("SELECT pg_catalog.setval({}, {}, {})", quote_literal(sequence.name.quoted()),
                     sequence.last_value, sequence.is_called);
}

}  // namespace

bool object_fault(const ServerError& error) {
  const std::string kind = error.sqlstate().substr(0, 2);
  return kind == "22" || kind == "23" || kind == "42" || kind == "44" || kind == "0A" || kind == "3F" ||
         kind == "2B" || kind == "P0";
}

Connection open_loader(const LoadJob& job, std::stop_token stop) {
  Connection connection = Connection::open(job.target, "pgassay restore", stop);
  const auto money = job.manifest.session.find("lc_monetary");
  start_loading_session(connection, money == job.manifest.session.end() ? "" : money->second);
  return connection;
}

Loaded load_tables(const LoadJob& job, std::vector<std::string>& lost, Observer& observer,
                   std::stop_token stop) {
  return Loader(job, lost, observer).run(stop);
}

void load_sequences(Connection& connection, const std::vector<Sequence>& sequences,
                    std::vector<std::string>& lost) {
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
        lost.push_back(fmt::format("sequence {}: {}", sequences[i].name.shown(), error.what()));
      }
    }
  }
}

}  // namespace pgassay
