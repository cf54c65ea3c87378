#include "backup/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "backup/attempt.h"
#include "backup/catalog_damage.h"
#include "backup/copier.h"
#include "backup/digests.h"
#include "backup/inventory_file.h"
#include "backup/large_objects.h"
#include "backup/lock_and_snapshot.h"
#include "backup/lock_watch.h"
#include "backup/newcomers.h"
#include "backup/preflight.h"
#include "backup/schema.h"
#include "core/postgres/inventory.h"
#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "source/container_source.h"

namespace pgassay::backup {
namespace {

constexpr int kAttempts = 6;
/// From then on what comes and goes meanwhile is left out.
constexpr int kAttemptsForAll = 2;
constexpr const char* kMigrationHint = "run it when no migration is under way";
constexpr const char* kStandbyHint =
    "the standby replays what conflicts with the backup: raise max_standby_streaming_delay there, run it "
    "when no "
    "migration is under way, or back the primary up";
constexpr std::chrono::milliseconds kPauseOfAttempts(
    200);  // before the second one; then twice as long each time

/// What stays the same over all attempts of one run.
struct Run {
  const Repository& repository;
  const BackupOptions& options;
  Observer& observer;
  std::stop_token stop;
  Time started;
  std::string database = {};
  Preflight preflight = {};
  std::optional<Backup> newest = {};
  PreviousBackup* previous = nullptr;
  double preflight_seconds = 0;
  bool schema_first = false;  ///< the schema is dumped before the locks are taken, see SchemaBlocked
  Settled settled = {};
  bool only_settled = false;  ///< the others are left out, and named
};

std::vector<Sequence> read_sequences(Connection& leader, const std::vector<SequenceInfo>& sequences) {
  constexpr std::size_t kAtATime = 200;
  std::vector<Sequence> result;
  for (std::size_t begin = 0; begin < sequences.size(); begin += kAtATime) {
    const std::size_t end = std::min(sequences.size(), begin + kAtATime);
    std::string sql;
    for (std::size_t i = begin; i < end; ++i) {
      sql += fmt::format("{}SELECT {} AS n, last_value, is_called, tableoid FROM {}",
                         i > begin ? " UNION ALL " : "", i, sequences[i].name.quoted());
    }
    try {
      const Result rows = leader.query(sql + " ORDER BY n");
      for (int i = 0; i < rows.rows(); ++i) {
        const SequenceInfo& info = sequences[begin + static_cast<std::size_t>(i)];
        if (rows.oid(i, 3) != info.oid) throw TryAgain(info.name.shown() + ": renamed or replaced");
        result.push_back(
            {info.name, info.oid, rows.integer(i, 1), rows.boolean(i, 2), info.extension, info.attributes});
      }
    } catch (const ServerError& error) {
      throw_for("reading the sequences", error);
    }
  }
  return result;
}

/// For who reads catalogs: their COPY may have to sort for long before its first row.
ConnInfo with_statement_silence(ConnInfo info) {
  info.silence.rows = info.silence.statement;
  return info;
}

/// With the rows of the catalogs that may be the reason.
[[noreturn]] void raise_with_damage(const Error& error, const ConnInfo& server, const std::stop_token& stop) {
  std::vector<std::string> damage;
  try {
    Connection connection = Connection::open(server, kApplicationName, stop);
    start_reading_session(connection);
    damage = catalog_damage(connection);
  } catch (const Error&) {  // what is known already is told
  }
  if (damage.empty()) error.raise();
  error.with_outcome(fmt::format("the catalog is damaged: {}", fmt::join(damage, "; ")))
      ->with_hint(
          "copy the data directory of the stopped server, then mend the row or remove the object, and back "
          "up again")
      ->raise();
}

/// One try: from the locks to the finished directory.
class Attempt {
 public:
  explicit Attempt(const Run& run)
      : run_(run),
        options_(run.options),
        pending_(run.repository.begin(options_.source, run.database)),
        leader_(Connection::open(with_statement_silence(options_.connection), kApplicationName,
                                 stop_.get_token())),
        lister_(Connection::open(options_.connection, kApplicationName, stop_.get_token())),
        children_(lister_) {
    manifest_.session = start_reading_session(leader_, kMoneyLocale);
    start_reading_session(lister_, kMoneyLocale);
  }

  TakenBackup take() {
    manifest_.phases.push_back({"preflight", run_.preflight_seconds});
    if (run_.schema_first) {
      lock_after_schema();
    } else {
      lock();
    }
    if (run_.preflight.reduced_locks && !run_.schema_first) dump_schema_watched(&snapshot_);
    schema_and_rows();
    finish_catalog();
    return publish();
  }

 private:
  void timed(const char* name, const Stopwatch& watch) {
    const std::lock_guard guard(phases_mutex_);
    manifest_.phases.push_back({name, watch.seconds()});
  }

  /// Runs the roles, and beside them the watch over sessions that wait for us, until they are done.
  void run_watched(std::vector<Role> roles) {
    Countdown others(static_cast<unsigned>(roles.size()));
    for (Role& role : roles) {
      role.body = [&others, body = std::move(role.body)](std::stop_token stop) {
        body(std::move(stop));
        others.one_done();
      };
    }
    roles.push_back({"watch", [&](std::stop_token stop) {
                       watch_locks(
                           lister_, leader_pid_, options_.lock_policy, others, [this] { watch_age(); },
                           run_.observer, stop);
                     }});
    for (Role& role : roles) {
      role.body = [this, body = std::move(role.body)](std::stop_token stop) {
        // The leader's and the lister's own waits know only stop_.
        const std::stop_callback pass_on(stop, [this] { stop_.request_stop(); });
        body(stop);
      };
    }
    run_together(roles, stop_.get_token());
  }

  /// As long as the snapshot is held, vacuum removes nothing that has died since, in any table of the
  /// database.
  void watch_age() {
    if (!snapshot_age_) return;
    const Seconds age(snapshot_age_->seconds());
    const Seconds most = options_.max_snapshot_age, told = options_.warn_snapshot_age;
    if (most.count() > 0 && age >= most) {
      throw Error(
          fmt::format("the snapshot is {:.0f} s old, which is as long as max_snapshot_age lets it hold "
                      "vacuum back",
                      age.count()),
          "--split-tables and more --jobs read faster, --max-snapshot-age allows more time");
    }
    if (told.count() == 0 || age < told || std::exchange(told_age_, true)) return;
    run_.observer.message(
        Level::warning,
        fmt::format("the snapshot is {:.0f} s old, and vacuum removes nothing that has died since",
                    age.count()),
        "--split-tables and more --jobs read faster, --max-snapshot-age sets an end");
  }

  /// pg_dump has no limit of its own for a server that has gone silent: the watch beside it notices.
  void dump_schema_watched(const Snapshot* snapshot) {
    run_watched({{"schema", [&](std::stop_token stop) { dump_schema_files(snapshot, std::move(stop)); }}});
  }

  /// An unchanged fingerprint says that the schema of before the locks is the snapshot's.
  void lock_after_schema() {
    before_schema_ = inventory_fingerprint(lister_);
    dump_schema_watched(nullptr);
    lock();
    if (inventory_fingerprint(leader_) != before_schema_) {
      throw TryAgain("objects were created, altered or dropped between the schema dump and the locks");
    }
  }

  void lock() {
    const Stopwatch watch;
    snapshot_ = lock_and_snapshot(leader_, lister_, lock_options(), run_.observer);
    snapshot_age_.emplace();
    // It may have jumped since preflight.
    if (const auto behind = behind_the_newest(snapshot_.taken, run_.newest)) throw *behind;
    if (run_.only_settled) leave_newcomers_out();
    timed("lock", watch);
  }

  void leave_newcomers_out() {
    newcomers_ = run_.settled.newcomers(leader_);
    if (newcomers_.empty()) return;
    std::vector<std::string> shown;
    for (const Newcomer& newcomer : newcomers_) {
      shown.push_back(newcomer.shown);
      manifest_.left_out.push_back(
          {newcomer.shown, "it came, or was made anew, while this backup was being taken"});
    }
    run_.observer.message(Level::warning,
                          fmt::format("left out, for they came meanwhile: {}", fmt::join(shown, ", ")),
                          "those that are to stay are in the next backup");
  }

  LockOptions lock_options() const {
    return {options_.lock_timeout, run_.preflight.reduced_locks, run_.only_settled ? &run_.settled : nullptr};
  }

  void plan(Connection& live) {
    const Stopwatch watch;
    listed_ = list_under_snapshot(leader_, live, lock_options());
    manifest_.encoding = leader_.server_encoding();
    const TableChoice choice = choose_tables(listed_.tables, options_.tables);
    warn_of_unused("--exclude-table-data", choice.unused.exclude);
    warn_of_unused("--binary-table", choice.unused.binary);
    // A column may have come since preflight.
    if (const auto refused = refused_for_binary(leader_, listed_.tables, choice)) throw *refused;
    plan_ = plan_copies(listed_.tables, run_.preflight.server, spread(), choice, manifest_.encoding);
    has_large_objects_ = plan_large_objects(plan_, leader_, manifest_.encoding);
    largest_first(plan_.copies);
    std::uint64_t bytes = 0;
    for (const PlannedCopy& copy : plan_.copies) bytes += copy.bytes;
    run_.observer.plan(plan_.copies.size(), bytes);
    timed("plan", watch);
  }

  Spread spread() {
    if (options_.split_tables == SplitTables::never) return {};
    return spread_over(leader_, run_.preflight.jobs);
  }

  void warn_of_unused(const std::string& option, const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns)
      run_.observer.message(Level::warning, fmt::format("{} {}: no table fits", option, pattern),
                            "patterns are SCHEMA.TABLE with * and ?");
  }

  /// pg_dump's own failure is cured by a new attempt where somebody changed the catalog since the snapshot
  /// that it reads by, and on a standby, where what is replayed ends whoever is in its way.
  void dump_schema_files(const Snapshot* snapshot, std::stop_token stop) {
    try {
      run_schema_tools(snapshot, stop);
    } catch (const ToolFailed& error) {
      if (run_.preflight.server.standby || catalog_has_changed(snapshot, stop))
        throw TryAgain(error.what(), {}, error);
      raise_with_damage(error, options_.connection, stop);
    }
  }

  bool catalog_has_changed(const Snapshot* snapshot, const std::stop_token& stop) const {
    try {
      Connection now = Connection::open(options_.connection, kApplicationName, stop);
      start_reading_session(now);
      if (!snapshot) return inventory_fingerprint(now) != before_schema_;
      Connection then = Connection::open(options_.connection, kApplicationName, stop);
      start_reading_session(then);
      then.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      then.query("SET TRANSACTION SNAPSHOT " + quote_literal(snapshot->id));
      return inventory_fingerprint(then) != inventory_fingerprint(now);
    } catch (const Error&) {  // the snapshot went with the leader's session, or the server is gone
      return false;
    }
  }

  void run_schema_tools(const Snapshot* snapshot, std::stop_token stop) {
    const Stopwatch watch;
    const Preflight& preflight = run_.preflight;
    manifest_.files.push_back(dump_schema(children_, preflight.pg_dump, snapshot, newcomers_,
                                          options_.lock_timeout, pending_.dir(), manifest_.tools_said, stop));
    Globals globals = dump_globals(children_, preflight.pg_dumpall, preflight.role_passwords, pending_.dir(),
                                   manifest_.tools_said, stop);
    manifest_.files.push_back(std::move(globals.file));
    manifest_.roles = std::move(globals.roles);
    roles_left_out_ = std::move(globals.left_out);
    for (const ToolWords& words : manifest_.tools_said)
      run_.observer.message(Level::warning, words.shown(), "the manifest keeps it; see whether all is there");
    if (roles_left_out_) {
      run_.observer.message(Level::warning, roles_left_out_->what + " are left out: " + roles_left_out_->why,
                            "rename the role that was made in a database of another encoding");
    }
    timed("schema", watch);
  }

  /// Over the leader's connection, before it waits for the lock queue.
  void describe_objects(Connection live, std::stop_token stop) {
    const Stopwatch watch;
    // Shorter than deadlock_timeout: who holds a sequence and waits for us must not become a deadlock's
    // victim.
    leader_.query("SET LOCAL lock_timeout = 500");
    manifest_.sequences = read_sequences(leader_, listed_.sequences);
    if (options_.digest_matviews)
      digest_views(leader_, plan_.relations, listed_.tables, manifest_.encoding, plan_.left_out);
    leader_.query("SET LOCAL lock_timeout = 0");
    std::optional<LeftOut> doubt;
    std::vector<Oid> without;
    for (const Newcomer& newcomer : newcomers_) without.push_back(newcomer.oid);
    inventory_ = write_inventory(leader_, live, without, pending_.dir(), options_.zstd_level,
                                 options_.lock_timeout, doubt, stop);
    timed("inventory", watch);
    if (!doubt) return;
    run_.observer.message(Level::warning, "the inventory: " + doubt->why,
                          "the rows and the schema are of one snapshot all the same");
    plan_.left_out.push_back(std::move(*doubt));
  }

  /// The schema dump needs the snapshot and nothing else: it goes on beside the listing, the workers, the
  /// leader's lock queue and the watch over waiting sessions.
  void schema_and_rows() {
    run_.observer.phase("plan");
    std::optional<Copier> copier;
    Countdown listing(1);
    std::vector<Role> roles;
    for (unsigned worker = 0; worker < run_.preflight.jobs; ++worker) {
      roles.push_back({fmt::format("copy {}", worker), [&, worker](std::stop_token stop) {
                         listing.wait(stop);
                         if (worker < copier->workers()) copier->work(worker, stop);
                       }});
    }
    roles.push_back({"lead", [&](std::stop_token stop) { lead(copier, listing, stop); }});
    if (manifest_.files.empty())
      roles.push_back({"schema", [&](std::stop_token stop) { dump_schema_files(&snapshot_, stop); }});
    if (server_has(run_.preflight.pg_dump.version, Feature::statistics_to_restore))
      roles.push_back({"statistics", [&](std::stop_token stop) {
                         listing.wait(stop);
                         dump_statistics_file(stop);
                       }});
    run_watched(std::move(roles));
    copier->give_parts(plan_.relations, manifest_.large_objects);
    totals_ = copier->totals();
    manifest_.files.push_back(inventory_);
    if (statistics_) manifest_.files.push_back(std::move(*statistics_));
    for (StoredFile& file : manifest_.files)
      if (run_.previous && run_.previous->take_place_of(pending_.dir(), file)) shared_ += file.stored;
    manifest_.phases.push_back({"data", copier->seconds()});
  }

  /// They are no part of the data: a restore without them runs ANALYZE. They hold values of rows, of
  /// partitions and children in those of the tables above, and of what views compute: where rows are not to
  /// be in the backup, they are not either.
  void dump_statistics_file(const std::stop_token& stop) {
    constexpr Seconds kLongestWait(2);
    if (std::ranges::find(plan_.relations, Data::excluded, &Relation::data) != plan_.relations.end()) return;
    const Stopwatch watch;
    try {
      statistics_ = dump_statistics(children_, run_.preflight.pg_dump, snapshot_, newcomers_,
                                    std::min(options_.lock_timeout, kLongestWait), pending_.dir(), stop);
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      remove_tree(pending_.dir() / kStatisticsFile);
      run_.observer.message(Level::info,
                            fmt::format("the planner's statistics are left out: {}", error.what()),
                            "a restore runs ANALYZE instead");
    }
    timed("statistics", watch);
  }

  void lead(std::optional<Copier>& copier, Countdown& listing, const std::stop_token& stop) {
    Connection live = Connection::open(options_.connection, kApplicationName, stop);
    start_reading_session(live, kMoneyLocale);
    plan(live);
    make_private_dirs(pending_.dir() / kDataDir);
    if (has_large_objects_) make_private_dirs(pending_.dir() / kLargeObjectsDir);
    run_.observer.phase("data");
    copier.emplace(plan_, copy_options(), run_.previous, run_.observer);
    listing.one_done();
    describe_objects(std::move(live), stop);
    copier->copy_lock_queue(leader_, stop);
  }

  CopyOptions copy_options() const {
    return {.connection = options_.connection,
            .snapshot = snapshot_,
            .dir = pending_.dir(),
            .zstd_level = options_.zstd_level,
            .workers =
                static_cast<unsigned>(std::clamp<std::size_t>(plan_.copies.size(), 1, run_.preflight.jobs)),
            .reduced_locks = run_.preflight.reduced_locks,
            .lock_timeout = options_.lock_timeout,
            .max_rate = options_.max_rate};
  }

  void finish_catalog() {
    const Stopwatch watch;
    if (run_.preflight.reduced_locks) {
      unchanged_since_snapshot(leader_, lister_, plan_.oids);
    } else {
      still_of_their_names(lister_, listed_.tables);
    }
    manifest_.extensions = list_extensions(leader_);
    manifest_.database = read_database_properties(leader_);
    digest_virtual_columns(leader_, plan_.relations, listed_.tables, manifest_.encoding, plan_.left_out);
    leader_.query("COMMIT");
    timed("catalog", watch);
  }

  void describe() {
    ManifestSummary& summary = manifest_.summary;
    const Preflight& preflight = run_.preflight;
    manifest_.server = preflight.server;
    manifest_.role_passwords = preflight.role_passwords;
    manifest_.left_out.insert(manifest_.left_out.begin(), preflight.left_out.begin(),
                              preflight.left_out.end());
    if (roles_left_out_) manifest_.left_out.push_back(*roles_left_out_);
    manifest_.left_out.insert(manifest_.left_out.end(), plan_.left_out.begin(), plan_.left_out.end());
    manifest_.relations = std::move(plan_.relations);
    sum_at_the_roots(manifest_.relations);
    for (const Part& part : manifest_.large_objects.parts) manifest_.large_objects.digest.merge(part.digest);
    summary.id = {options_.source, run_.database,
                  run_.repository.free_stamp(options_.source, run_.database, snapshot_.taken)};
    summary.label = options_.label;
    summary.tool_version = options_.tool_version;
    summary.pg_dump_version = preflight.pg_dump.version_text;
    summary.pg_dump_version_num = preflight.pg_dump.version;
    summary.snapshot = snapshot_;
    summary.started = run_.started;
    summary.full_since = run_.previous && run_.previous->shares()
                             ? run_.previous->manifest().summary.full_since
                             : snapshot_.taken;
    summary.raw_bytes = totals_.raw;
    summary.stored_bytes = totals_.stored;
    summary.new_bytes = totals_.fresh;
    for (const StoredFile& file : manifest_.files) {
      summary.stored_bytes += file.stored;
      summary.new_bytes += file.stored;
    }
    summary.new_bytes -= shared_;
    summary.rows = totals_.rows;
    summary.tables = plan_.oids.size();
    summary.finished = now();
  }

  TakenBackup publish() {
    run_.observer.phase("publish");
    describe();
    if (options_.pin) pending_.pin({now(), options_.label});
    const Place dir = std::move(pending_).publish(manifest_);
    return {dir, manifest_.summary, manifest_.left_out, manifest_.tools_said, other_origin()};
  }

  /// A source is one server's database; under one name two of them would hide each other's backups. But
  /// whoever upgraded the server, or restored in its place, has such a night, too: it is told once.
  std::string other_origin() const {
    if (!run_.previous) return {};
    const std::string words = origins_differ(run_.previous->manifest(), manifest_, options_.same_servers);
    if (!words.empty())
      run_.observer.message(Level::warning, words,
                            "if this one did not take its place, give it a name of its own: --source NAME");
    return words;
  }

  const Run& run_;
  const BackupOptions& options_;
  /// Of all sessions of this attempt: the first thread that fails ends the waits of the others.
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> on_stop_{run_.stop, [this] { stop_.request_stop(); }};
  PendingBackup pending_;
  Connection leader_, lister_;
  const int leader_pid_ = leader_.backend_pid();
  Snapshot snapshot_;
  std::optional<Stopwatch> snapshot_age_;  ///< from when it is there on
  bool told_age_ = false;
  Listed listed_;
  std::vector<Newcomer> newcomers_;  ///< that this attempt leaves out
  Plan plan_;
  bool has_large_objects_ = false;
  Manifest manifest_;
  CopyTotals totals_;
  const ChildAccess children_;
  StoredFile inventory_;
  std::optional<StoredFile> statistics_;
  std::uint64_t shared_ = 0;   ///< bytes of files, parts aside, that are the ones of the backup before
  std::string before_schema_;  ///< the catalog's fingerprint; where the schema is dumped before the locks
  std::optional<LeftOut> roles_left_out_;
  std::mutex phases_mutex_;  ///< guards manifest_.phases
};

std::optional<PreviousBackup> open_previous(const Repository& repository, const std::optional<Backup>& newest,
                                            Seconds full_every, Observer& observer) {
  if (!newest || !newest->summary) return std::nullopt;
  try {
    return std::make_optional<PreviousBackup>(repository, *newest,
                                              now() - newest->summary->full_since < full_every);
  } catch (const Error& error) {
    observer.message(Level::warning, fmt::format("{}: {}", newest->id.shown(), error.what()),
                     "its unchanged parts are stored anew");
    return std::nullopt;
  }
}

/// Old parts that were found to be rotten while they were compared make their backup a bad one, on record.
void report_rot(const Repository& repository, const PreviousBackup& previous, const std::string& tool_version,
                Observer& observer) {
  const std::vector<Finding>& rotten = previous.rotten();
  if (rotten.empty()) return;
  for (const Finding& finding : rotten) {
    observer.message(Level::error,
                     fmt::format("{}: {}: {}", previous.backup().id.shown(), finding.file, finding.detail),
                     "that backup is bad; look at the disk: pgassay verify --all");
  }
  Evidence evidence;
  evidence.kind = "verify";
  evidence.started = evidence.finished = now();
  evidence.verdict = Verdict::fail;
  evidence.tool_version = tool_version;
  evidence.scope = "parts compared by a later backup";
  evidence.checks = {{"parts", Verdict::fail, fmt::format("{} parts changed on disk", rotten.size())}};
  evidence.findings = rotten;
  try {
    repository.add_evidence(previous.backup(), evidence);
  } catch (const Error& error) {
    observer.message(Level::warning, error.what(), error.hint());
  }
}

/// Rot that was found is told and put on record however the run ends.
struct RotReport {
  const Repository& repository;
  const PreviousBackup* previous;
  const std::string& tool_version;
  Observer& observer;
  ~RotReport() {
    if (previous) report_rot(repository, *previous, tool_version, observer);
  }
};

/// How the next attempt goes about it. Whoever dropped a table while we waited has dropped it now, and does
/// not stand in the way of the schema again; nor does an attempt that dumped the schema first and failed make
/// the next one do so.
void begin_anew(Run& run, int failed, bool schema_blocked) {
  Connection connection = Connection::open(run.options.connection, kApplicationName, run.stop);
  start_reading_session(connection);
  const bool dropped = run.settled.look(connection);
  run.schema_first = schema_blocked && !run.schema_first && !(run.only_settled && dropped);
  run.only_settled = failed >= kAttemptsForAll && !run.schema_first;
}

/// A server that is stuck must not hold a backup for ever, and so its locks.
void limit_silence(BackupOptions& options) {
  constexpr double kMoreForStatements = 6;
  const Seconds stall = options.stall_timeout;
  if (stall.count() > 0)
    options.connection.silence = {stall, stall * kMoreForStatements + options.lock_timeout};
  // Of a session that sends rows Linux would count the time, too, in which the server takes none; we only
  // read.
  options.connection.parameters.insert({"tcp_user_timeout", "60000"});
}

}  // namespace

BackupOptions with_server(const BackupOptions& options, Observer& observer, const std::stop_token& stop) {
  if (!options.container.given()) return options;
  source::Server server = source::reach(options.connection, options.container, observer, stop);
  BackupOptions reached = options;
  reached.connection = std::move(server.connection);
  reached.pg_dump_elsewhere = std::move(server.pg_dump);
  reached.container = {};
  return reached;
}

TakenBackup take_backup(const Repository& repository, const BackupOptions& given, Observer& observer,
                        std::stop_token stop) {
  BackupOptions options = with_server(given, observer, stop);
  limit_silence(options);
  const Stopwatch watch;
  Run run{.repository = repository, .options = options, .observer = observer, .stop = stop, .started = now()};
  std::optional<RunLock> lock;
  {
    Connection connection = Connection::open(options.connection, kApplicationName, stop);
    start_reading_session(connection, kMoneyLocale);
    run.database = connection.database();
    lock = repository.lock_database(options.source, run.database, "backup");
    clear_debris(repository, observer);
    run.newest = repository.newest(options.source, run.database);
    run.preflight = preflight(connection, repository, options, run.newest, observer, stop);
  }
  std::optional<PreviousBackup> previous =
      open_previous(repository, run.newest, options.full_every, observer);
  run.previous = previous ? &*previous : nullptr;
  run.preflight_seconds = watch.seconds();
  const RotReport rot{repository, run.previous, options.tool_version, observer};
  bool schema_blocked = false;
  for (int attempt = 1;; ++attempt) {
    try {
      if (attempt > 1) begin_anew(run, attempt - 1, schema_blocked);
      return Attempt(run).take();
    } catch (const Error& error) {
      const bool standby = run.preflight.server.standby;
      if (!is_worth_another_attempt(error, standby)) {
        if (error.sqlstate() == kInternalError) raise_with_damage(error, options.connection, stop);
        error.raise();
      }
      if (attempt == kAttempts) {
        throw Error(fmt::format("gave up after {} attempts: {}", kAttempts, error.what()),
                    standby                ? kStandbyHint
                    : error.hint().empty() ? kMigrationHint
                                           : error.hint(),
                    error);
      }
      observer.message(Level::warning, fmt::format("starting again: {}", error.what()), error.hint());
      schema_blocked = error.is(ErrorKind::schema_blocked);
      pause_for(kPauseOfAttempts * (1 << (attempt - 1)), StopFd(stop));
    }
  }
}

}  // namespace pgassay::backup
