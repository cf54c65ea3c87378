#include "backup/copier.h"

#include <fmt/format.h>

#include "backup/attempt.h"
#include "backup/backup.h"
#include "core/postgres/session.h"
#include "core/repository/layout.h"
#include "core/system/cancellation.h"

namespace pgassay::backup {
namespace {

/// A worker ends its transaction after this many parts, and so gives its locks back. 16 is also how many a
/// backend holds without touching the shared lock table (fast-path locks).
constexpr unsigned kPartsPerTransaction = 16;
constexpr const char* kStuckHint =
    "the server, or the network on the way to it, is stuck; if it is only slow, --stall-timeout allows more "
    "time";
/// libpq's buffer of received bytes only grows, and only for a message that does not fit. After one this long
/// it has 64 KiB, and a recv(2) takes most of what the socket holds instead of 8 KiB.
constexpr const char* kLongMessage = "SELECT pg_catalog.repeat(' ', 40000)";

/// Passes COPY's output on, and tells the observer every MiB.
class Counted : public ChunkSink {
 public:
  Counted(PartWriter& next, Observer& observer) : next_(next), observer_(observer) {}
  void chunk(Bytes bytes) override {
    next_.chunk(bytes);
    if (next_.raw_bytes() - reported_bytes_ >= kStep) tell();
  }
  void tell() {
    observer_.advanced(next_.raw_bytes() - reported_bytes_, next_.rows() - reported_rows_);
    reported_bytes_ = next_.raw_bytes();
    reported_rows_ = next_.rows();
  }

 private:
  static constexpr std::uint64_t kStep = 1 << 20;
  PartWriter& next_;
  Observer& observer_;
  std::uint64_t reported_bytes_ = 0, reported_rows_ = 0;
};

}  // namespace

Copier::Copier(Plan& plan, LargeObjects& large_objects, CopyOptions options, PreviousBackup* previous,
               Observer& observer)
    : plan_(plan),
      large_objects_(large_objects),
      options_(std::move(options)),
      previous_(previous),
      observer_(observer),
      working_(options_.workers) {}

const PlannedPart* Copier::next() {
  const std::lock_guard guard(mutex_);
  return next_ < plan_.parts.size() ? &plan_.parts[next_++] : nullptr;
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
  while (const PlannedPart* planned = next()) {
    throw_if_stopped(stop);
    try {
      if (held == 0) connection.query(begin());
      const std::string lock = planned->lock.empty() ? "" : planned->lock + " NOWAIT; ";
      copy(connection, encoder, worker, *planned, recheck + lock + planned->check);
      recheck = planned->check;
      if (++held >= kPartsPerTransaction) commit();
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
  std::optional<PartEncoder> encoder;
  std::optional<Connection> own;  // where the leader holds no locks, it must not wait for one either
  std::unique_lock lock(mutex_);
  while (true) {
    if (!changed_.wait(lock, stop, [this] { return !lock_queue_.empty() || working_ == 0; })) throw Stopped();
    if (lock_queue_.empty()) break;
    const PlannedPart& planned = *lock_queue_.front();
    lock_queue_.pop_front();
    lock.unlock();
    if (!encoder) encoder.emplace(options_.zstd_level);
    try {
      if (!options_.reduced_locks) {
        copy(leader, *encoder, options_.workers, planned, planned.check);
        if (!planned.check.empty()) leader.query(planned.check);
      } else {
        if (!own) {
          own = Connection::open(options_.connection, kApplicationName, stop);
          start_reading_session(*own, kMoneyLocale);
        }
        own->query(begin() + "; SET LOCAL lock_timeout = " +
                   std::to_string(std::lround(options_.lock_timeout.count() * 1000)) + "; " + planned.lock);
        copy(*own, *encoder, options_.workers, planned, planned.check);
        own->query(planned.check + "COMMIT");
      }
    } catch (const ServerError& error) {
      throw_for("copying " + planned.object, error);
    }
    lock.lock();
  }
  seconds_ = watch_.seconds();
}

void Copier::hand_to_leader(const PlannedPart& planned) {
  observer_.message(
      Level::info,
      planned.object + ": somebody waits to change it; copied by the session that holds its lock");
  const std::lock_guard guard(mutex_);
  lock_queue_.push_back(&planned);
  changed_.notify_all();
}

void Copier::copy(Connection& connection, PartEncoder& encoder, unsigned worker, const PlannedPart& planned,
                  const std::string& before) {
  observer_.part_started(worker, planned.object);
  PartWriter writer(encoder, options_.dir, planned.file, planned.format);
  Counted rows(writer, observer_);
  GeneratedCutter cutter(rows, planned.columns, planned.generated, planned.format);
  ChunkSink& sink = planned.generated > 0 ? static_cast<ChunkSink&>(cutter) : rows;
  GeneratedDigest generated;
  try {
    connection.copy_out(before + planned.sql, sink, planned.format);
    if (planned.generated > 0) generated = cutter.finish();
  } catch (const ServerSilent& silent) {
    silent.with_context("copying " + planned.object)->with_hint(kStuckHint)->raise();
  } catch (const ServerError& error) {
    remove_tree(options_.dir / planned.file);
    if (planned.relation != PlannedPart::kLargeObjects && is_too_long_a_row(error)) {
      // The leader's transaction holds the snapshot of all: it is not asked.
      const bool ask = worker < options_.workers;
      throw_too_long_a_row(planned, ask ? ctid_after(connection, planned, writer.rows()) : "", error);
    }
    error.raise();
  }
  rows.tell();
  Part part = writer.finish();
  part.pages = planned.pages;
  observer_.settled(planned.bytes, part.raw);
  keep(planned, std::move(part), generated);
  observer_.part_finished(worker, planned.object);
}

std::string Copier::ctid_after(Connection& connection, const PlannedPart& planned, std::uint64_t rows) const {
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

void Copier::throw_too_long_a_row(const PlannedPart& planned, const std::string& ctid,
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

void Copier::keep(const PlannedPart& planned, Part part, const GeneratedDigest& generated) {
  const bool shared = previous_ && previous_->take_place_of(options_.dir, part);
  const std::lock_guard guard(mutex_);
  totals_.raw += part.raw;
  totals_.stored += part.stored;
  totals_.fresh += shared ? 0 : part.stored;
  if (planned.relation != PlannedPart::kLargeObjects) {
    totals_.rows += part.digest.rows;
    Relation& relation = plan_.relations[planned.relation];
    relation.parts[planned.part] = std::move(part);
    if (relation.generated_digest) relation.generated_digest->merge(generated);
  } else if (planned.part < large_objects_.parts.size()) {
    large_objects_.parts[planned.part] = std::move(part);
  } else {
    large_objects_.count = part.digest.rows;
    large_objects_.metadata = std::move(part);
  }
}

}  // namespace pgassay::backup
