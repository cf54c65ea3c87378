#include "backup/copier.h"

#include "backup/attempt.h"
#include "backup/backup.h"
#include "core/postgres/session.h"
#include "core/repository/layout.h"
#include "core/system/cancellation.h"

namespace pgassay {
namespace {

/// A worker ends its transaction after this many parts, and so gives its locks back. 16 is also how many a
/// backend holds without touching the shared lock table (fast-path locks).
constexpr unsigned kPartsPerTransaction = 16;
constexpr std::string_view kLockNotAvailable = "55P03";

/// Passes rows on, and tells the observer every MiB.
class CountedRows : public RowSink {
 public:
  CountedRows(RowSink& next, Observer& observer) : next_(next), observer_(observer) {}
  void row(Bytes row) override {
    next_.row(row);
    bytes_ += row.size();
    ++rows_;
    if (bytes_ >= kStep) tell();
  }
  void tell() {
    observer_.advanced(bytes_, rows_);
    bytes_ = rows_ = 0;
  }

 private:
  static constexpr std::uint64_t kStep = 1 << 20;
  RowSink& next_;
  Observer& observer_;
  std::uint64_t bytes_ = 0, rows_ = 0;
};

}  // namespace

Copier::Copier(Plan& plan, LargeObjects& large_objects, const CopyOptions& options, PreviousBackup* previous,
               Observer& observer)
    : plan_(plan),
      large_objects_(large_objects),
      options_(options),
      previous_(previous),
      observer_(observer),
      working_(options.workers) {}

const PlannedPart* Copier::next() {
  const std::lock_guard guard(mutex_);
  return next_ < plan_.parts.size() ? &plan_.parts[next_++] : nullptr;
}

void Copier::work(unsigned worker, std::stop_token stop) {
  Connection connection = Connection::open(options_.connection, kApplicationName, stop);
  start_reading_session(connection, kMoneyLocale);
  PartEncoder encoder(options_.zstd_level);
  unsigned held = 0;
  while (const PlannedPart* planned = next()) {
    throw_if_stopped(stop);
    if (held == 0) {
      connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT " +
                       quote_literal(options_.snapshot.id));
    }
    try {
      copy(connection, encoder, worker, *planned, planned->lock);
      ++held;
    } catch (const ServerError& error) {
      if (error.sqlstate() != kLockNotAvailable) rethrow_for("copying " + planned->object);
      hand_to_leader(*planned);
      held = kPartsPerTransaction;
    }
    if (held >= kPartsPerTransaction) {
      connection.query("COMMIT");
      held = 0;
    }
  }
  if (held > 0) connection.query("COMMIT");
  const std::lock_guard guard(mutex_);
  --working_;
  changed_.notify_all();
}

void Copier::lane(Connection& leader, std::stop_token stop) {
  std::optional<PartEncoder> encoder;
  std::unique_lock lock(mutex_);
  while (true) {
    if (!changed_.wait(lock, stop, [this] { return !lane_.empty() || working_ == 0; })) throw Stopped();
    if (lane_.empty()) break;
    const PlannedPart& planned = *lane_.front();
    lane_.pop_front();
    lock.unlock();
    if (!encoder) encoder.emplace(options_.zstd_level);
    try {
      const std::string wait_for_it = planned.lock.substr(0, planned.lock.rfind(" NOWAIT"));
      copy(leader, *encoder, options_.workers, planned, options_.lean ? wait_for_it : std::string());
    } catch (const ServerError&) {
      rethrow_for("copying " + planned.object);
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
  lane_.push_back(&planned);
  changed_.notify_all();
}

void Copier::copy(Connection& connection, PartEncoder& encoder, unsigned worker, const PlannedPart& planned,
                  const std::string& lock) {
  observer_.part_started(worker, planned.object);
  PartWriter writer(encoder, options_.dir, planned.file);
  CountedRows rows(writer, observer_);
  try {
    connection.copy_out(lock.empty() ? planned.sql : lock + "; " + planned.sql, rows);
  } catch (const ServerError&) {
    remove_tree(options_.dir / planned.file);
    throw;
  }
  Part part = writer.finish();
  part.pages = planned.pages;
  rows.tell();
  keep(planned, std::move(part));
  observer_.part_finished(worker, planned.object);
}

void Copier::keep(const PlannedPart& planned, Part part) {
  const bool shared = previous_ && previous_->take_place_of(options_.dir, part);
  const std::lock_guard guard(mutex_);
  totals_.raw += part.raw;
  totals_.stored += part.stored;
  totals_.fresh += shared ? 0 : part.stored;
  if (planned.relation != PlannedPart::kLargeObjects) {
    totals_.rows += part.digest.rows;
    plan_.relations[planned.relation].parts[planned.part] = std::move(part);
  } else if (planned.part < large_objects_.parts.size()) {
    large_objects_.parts[planned.part] = std::move(part);
  } else {
    large_objects_.count = part.digest.rows;
    large_objects_.metadata = std::move(part);
  }
}

}  // namespace pgassay
