#include "backup/copier.h"

#include <fmt/format.h>

#include <algorithm>

#include "backup/attempt.h"
#include "backup/backup.h"
#include "core/postgres/session.h"
#include "core/repository/layout.h"
#include "core/repository/names.h"
#include "core/system/cancellation.h"

namespace pgassay::backup {
namespace {

/// A worker ends its transaction after this many copies, and so gives its locks back. 16 is also how many a
/// backend holds without touching the shared lock table (fast-path locks).
constexpr unsigned kCopiesPerTransaction = 16;
constexpr const char* kStuckHint =
    "the server, or the network on the way to it, is stuck; if it is only slow, --stall-timeout allows more "
    "time";
/// libpq's buffer of received bytes only grows, and only for a message that does not fit. After one this long
/// it has 64 KiB, and a recv(2) takes most of what the socket holds instead of 8 KiB.
constexpr const char* kLongMessage = "SELECT pg_catalog.repeat(' ', 40000)";

/// Passes COPY's output on, not faster than is allowed, and tells the observer every MiB.
class Counted : public ChunkSink {
 public:
  Counted(PartsWriter& next, Throttle& throttle, Observer& observer, const std::stop_token& stop)
      : next_(next), throttle_(throttle), observer_(observer), stop_(stop) {}
  void chunk(Bytes bytes) override {
    next_.chunk(bytes);
    throttle_.passed(bytes.size(), stop_);
    if (next_.raw_bytes() - reported_bytes_ >= kStep) tell();
  }
  void tell() {
    observer_.advanced(next_.raw_bytes() - reported_bytes_, next_.rows() - reported_rows_);
    reported_bytes_ = next_.raw_bytes();
    reported_rows_ = next_.rows();
  }

 private:
  static constexpr std::uint64_t kStep = 1 << 20;
  PartsWriter& next_;
  Throttle& throttle_;
  Observer& observer_;
  const std::stop_token& stop_;
  std::uint64_t reported_bytes_ = 0, reported_rows_ = 0;
};

}  // namespace

Copier::Copier(const Plan& plan, CopyOptions options, PreviousBackup* previous, Observer& observer)
    : plan_(plan),
      options_(std::move(options)),
      previous_(previous),
      observer_(observer),
      throttle_(options_.max_rate),
      working_(options_.workers),
      files_(plan.relations.size()),
      parts_(plan.copies.size()),
      generated_(plan.relations.size()) {}

const PlannedCopy* Copier::next() {
  const std::lock_guard guard(mutex_);
  return next_ < plan_.copies.size() ? &plan_.copies[next_++] : nullptr;
}

std::string Copier::begin() const {
  return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT " +
         quote_literal(options_.snapshot.id);
}

void Copier::work(unsigned worker, std::stop_token stop) {
  Connection connection = Connection::open(options_.connection, kApplicationName, stop);
  start_reading_session(connection, kMoneyLocale);
  connection.query(kLongMessage);
  PartEncoder encoder(options_.zstd_level);
  unsigned held = 0;
  std::string recheck;  // of the part before; it goes along with the next message
  const auto commit = [&] {
    connection.query(recheck + "COMMIT");
    recheck.clear();
    held = 0;
  };
  while (const PlannedCopy* planned = next()) {
    throw_if_stopped(stop);
    try {
      if (held == 0) connection.query(begin());
      const std::string lock = planned->lock.empty() ? "" : planned->lock + " NOWAIT; ";
      copy(connection, encoder, worker, *planned, recheck + lock + planned->check, stop);
      recheck = planned->check;
      if (++held >= kCopiesPerTransaction) commit();
    } catch (const ServerError& error) {
      if (error.sqlstate() != kLockNotAvailable) throw_for("copying " + planned->object, error);
      recheck.clear();
      commit();
      hand_to_leader(*planned);
    }
  }
  try {
    if (held > 0) commit();
  } catch (const ServerError& error) {
    throw_for("copying the tables", error);
  }
  const std::lock_guard guard(mutex_);
  --working_;
  changed_.notify_all();
}

void Copier::copy_lock_queue(Connection& leader, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto something = [this] { return !lock_queue_.empty() || !to_compare_.empty() || working_ == 0; };
    if (!changed_.wait(lock, stop, something)) throw Stopped();
    if (!lock_queue_.empty()) {
      const PlannedCopy& planned = *lock_queue_.front();
      lock_queue_.pop_front();
      lock.unlock();
      copy_from_lock_queue(leader, planned, stop);
      lock.lock();
    } else if (!to_compare_.empty()) {
      const Part& part = *to_compare_.front();
      to_compare_.pop_front();
      lock.unlock();
      throw_if_stopped(stop);
      const bool shared = previous_->take_place_of(options_.dir, part);
      lock.lock();
      totals_.fresh -= shared ? part.stored : 0;
    } else {
      break;
    }
  }
  seconds_ = watch_.seconds();
}

void Copier::copy_from_lock_queue(Connection& leader, const PlannedCopy& planned,
                                  const std::stop_token& stop) {
  if (!encoder_) encoder_.emplace(options_.zstd_level);
  try {
    if (!options_.reduced_locks) {
      copy(leader, *encoder_, options_.workers, planned, planned.check, stop);
      if (!planned.check.empty()) leader.query(planned.check);
      return;
    }
    // Where the leader holds no locks, it must not wait for one either.
    if (!own_) {
      own_ = Connection::open(options_.connection, kApplicationName, stop);
      start_reading_session(*own_, kMoneyLocale);
    }
    own_->query(begin() + "; SET LOCAL lock_timeout = " +
                std::to_string(std::lround(options_.lock_timeout.count() * 1000)) + "; " + planned.lock);
    copy(*own_, *encoder_, options_.workers, planned, planned.check, stop);
    own_->query(planned.check + "COMMIT");
  } catch (const ServerError& error) {
    throw_for("copying " + planned.object, error);
  }
}

void Copier::hand_to_leader(const PlannedCopy& planned) {
  observer_.message(
      Level::info,
      planned.object + ": somebody waits to change it; copied by the session that holds its lock");
  const std::lock_guard guard(mutex_);
  lock_queue_.push_back(&planned);
  changed_.notify_all();
}

std::string Copier::next_file(const PlannedCopy& planned) {
  if (!planned.file.empty()) return planned.file;
  const QualifiedName& name = plan_.relations[planned.relation].name;
  const std::lock_guard guard(mutex_);
  const unsigned index = files_[planned.relation]++;
  return planned.file_apart ? part_file_apart(name, index, planned.format)
                            : part_file(name, index, planned.format);
}

void Copier::copy(Connection& connection, PartEncoder& encoder, unsigned worker, const PlannedCopy& planned,
                  const std::string& before, const std::stop_token& stop) {
  observer_.part_started(worker, planned.object);
  const bool table = planned.relation != PlannedCopy::kLargeObjects;
  PartsWriter writer(
      encoder, options_.dir, planned.format, table ? kCutsOfTables : RowCuts(),
      [&] { return next_file(planned); }, [&](Part part) { keep(planned, std::move(part)); });
  Counted rows(writer, throttle_, observer_, stop);
  GeneratedCutter cutter(rows, planned.columns, planned.generated, planned.format);
  ChunkSink& sink = planned.generated > 0 ? static_cast<ChunkSink&>(cutter) : rows;
  try {
    connection.copy_out(before + planned.sql, sink, planned.format);
    if (planned.generated > 0) {
      const GeneratedDigest generated = cutter.finish();
      const std::lock_guard guard(mutex_);
      generated_[planned.relation].merge(generated);
    }
  } catch (const ServerSilent& silent) {
    silent.with_context("copying " + planned.object)->with_hint(kStuckHint)->raise();
  } catch (const ServerError& error) {
    writer.drop();
    if (table && is_too_long_a_row(error)) {
      // The leader's transaction holds the snapshot of all: it is not asked.
      const bool ask = worker < options_.workers;
      throw_too_long_a_row(planned, ask ? ctid_after(connection, planned, writer.rows()) : "", error);
    }
    error.raise();
  }
  writer.finish();
  rows.tell();
  observer_.settled(planned.bytes, writer.raw_bytes());
  observer_.part_finished(worker, planned.object);
}

std::string Copier::ctid_after(Connection& connection, const PlannedCopy& planned, std::uint64_t rows) const {
  const Relation& relation = plan_.relations[planned.relation];
  try {
    connection.query("ROLLBACK; " + begin());
    const Result row = connection.query(row_after_sql(rows, relation.name, relation.filter, planned.pages));
    if (row.rows() == 1) return row.text(0, 0);
  } catch (const ServerError&) {
    // What COPY said is told all the same.
  }
  return {};
}

void Copier::throw_too_long_a_row(const PlannedCopy& planned, const std::string& ctid,
                                  const ServerError& error) const {
  const std::string table = plan_.relations[planned.relation].name.quoted();
  const std::string why = planned.format == RowFormat::binary
                              ? "the whole row passes 1 GB even in binary, which no COPY can read"
                              : "as text it passes 1 GB, which no COPY and no pg_dump can read; keep the "
                                "table's rows in binary with "
                                "--binary-table " +
                                    planned.object;
  const std::string look =
      ctid.empty()
          ? fmt::format("find it with SELECT ctid, pg_column_size(t.*) FROM {} t ORDER BY 2 DESC LIMIT 5",
                        table)
          : fmt::format("look at it with SELECT … FROM {} WHERE ctid = '{}'", table, ctid);
  throw Error(fmt::format("copying {}: {}{}", planned.object,
                          ctid.empty() ? "" : "the row at ctid " + ctid + ": ", error.what()),
              fmt::format("{}; {}, or leave the table's rows out with --exclude-table-data {}", why, look,
                          planned.object));
}

void Copier::keep(const PlannedCopy& planned, Part part) {
  const bool compare = previous_ && previous_->may_have(part);
  const std::lock_guard guard(mutex_);
  totals_.raw += part.raw;
  totals_.stored += part.stored;
  totals_.fresh += part.stored;
  if (planned.relation != PlannedCopy::kLargeObjects) totals_.rows += part.digest.rows;
  std::deque<Part>& parts = parts_[static_cast<std::size_t>(&planned - plan_.copies.data())];
  parts.push_back(std::move(part));
  if (!compare) return;
  to_compare_.push_back(&parts.back());
  changed_.notify_all();
}

void Copier::give_parts(std::vector<Relation>& relations, LargeObjects& large_objects) {
  std::vector<const PlannedCopy*> in_order;
  for (const PlannedCopy& copy : plan_.copies) in_order.push_back(&copy);
  std::ranges::sort(in_order, {},
                    [](const PlannedCopy* copy) { return std::pair(copy->relation, copy->number); });
  for (const PlannedCopy* copy : in_order) {
    const bool table = copy->relation != PlannedCopy::kLargeObjects;
    for (Part& part : parts_[static_cast<std::size_t>(copy - plan_.copies.data())]) {
      if (table) {
        relations[copy->relation].parts.push_back(std::move(part));
      } else if (part.file != kLargeObjectsMetadataFile) {
        large_objects.parts.push_back(std::move(part));
      } else {
        large_objects.count = part.digest.rows;
        large_objects.metadata = std::move(part);
      }
    }
  }
  for (std::size_t i = 0; i < relations.size(); ++i)
    if (relations[i].generated_digest) relations[i].generated_digest->merge(generated_[i]);
}

}  // namespace pgassay::backup
