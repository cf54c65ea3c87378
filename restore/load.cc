#include "restore/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/postgres/catalog.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"
#include "restore/part_feed.h"

namespace pgassay {
namespace {

/// Below this a new file for the table costs more than FREEZE saves.
constexpr std::uint64_t kWorthFreezing = 1 << 20;

struct Item {
  const Relation* relation;
  const Part* part;
};

std::vector<Item> plan(const LoadJob& job) {
  std::vector<Item> items;
  for (const Relation& relation : job.manifest.relations) {
    if (!relation.extension.empty()) continue;
    for (const Part& part : relation.parts)
      if (!job.record.has(part)) items.push_back({&relation, &part});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.part->raw > b.part->raw; });
  return items;
}

class Loader {
 public:
  Loader(const LoadJob& job, std::vector<std::string>& lost, Observer& observer)
      : job_(job), items_(plan(job)), lost_(lost), observer_(observer) {}

  Loaded run(std::stop_token stop) {
    std::uint64_t raw = 0;
    for (const Item& item : items_) raw += item.part->raw;
    observer_.plan(items_.size(), raw);
    const auto workers =
        static_cast<unsigned>(std::clamp<std::size_t>(items_.size(), 1, std::max(1U, job_.jobs)));
    run_workers(workers, stop, [this](unsigned worker, std::stop_token inner) { work(worker, inner); });
    return done_;
  }

 private:
  void work(unsigned worker, std::stop_token stop) {
    Connection connection = open_loader(job_, stop);
    for (std::size_t index = next_++; index < items_.size(); index = next_++) {
      throw_if_stopped(stop);
      const Item& item = items_[index];
      const std::string shown = item.relation->name.shown();
      observer_.part_started(worker, shown);
      load(connection, item);
      observer_.part_finished(worker, shown);
    }
  }

  /// FREEZE, and the short cut of wal_level=minimal, are legal only in the transaction that made or emptied
  /// the table: https://www.postgresql.org/docs/current/sql-copy.html. The target was empty, and no other
  /// part of the table is loaded before or after, so TRUNCATE takes nothing away.
  static bool freezable(const Item& item) {
    return item.relation->parts.size() == 1 && !item.relation->via_root && item.part->raw >= kWorthFreezing;
  }

  std::string sql(const Item& item) const {
    const Relation& relation = *item.relation;
    const bool freeze = freezable(item);
    const QualifiedName& into = relation.via_root && relation.root ? *relation.root : relation.name;
    return "BEGIN; " + (freeze ? "TRUNCATE ONLY " + into.quoted() + "; " : "") +
           copy_in_sql(into, relation.columns, job_.manifest.encoding, freeze);
  }

  void load(Connection& connection, const Item& item) {
    if (item.part->raw == 0) {
      NoRows none;
      return feed_part(job_.dir, *item.part, none, observer_);
    }
    try {
      const std::uint64_t rows = connection.copy_in(
          sql(item), [&](ChunkSink& sink) { feed_part(job_.dir, *item.part, sink, observer_); });
      if (rows != item.part->digest.rows)
        throw Error(fmt::format("table {}: {}: the server took {} rows of {}", item.relation->name.shown(),
                                item.part->file, rows, item.part->digest.rows));
      connection.query(job_.record.record_sql(*item.part) + "COMMIT");
      job_.record.loaded(*item.part);
    } catch (const ConnectionLost& error) {
      throw ConnectionLost(
          fmt::format("table {}: {}: {}", item.relation->name.shown(), item.part->file, error.what()),
          error.hint());
    } catch (const ServerError& error) {
      check_part(job_.dir, *item.part);
      const std::string line =
          fmt::format("table {}: the {} rows of {} were not loaded: {}", item.relation->name.shown(),
                      item.part->digest.rows, item.part->file, error.what());
      if (!object_fault(error)) throw Error(line, error.hint());
      connection.query("ROLLBACK");
      const std::lock_guard guard(mutex_);
      lost_.push_back(line);
      return;
    }
    const std::lock_guard guard(mutex_);
    done_.rows += item.part->digest.rows;
    done_.raw_bytes += item.part->raw;
  }

  const LoadJob& job_;
  const std::vector<Item> items_;
  std::atomic<std::size_t> next_ = 0;
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
  Connection connection = Connection::open(job.target, kRestoreApplication, stop);
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
