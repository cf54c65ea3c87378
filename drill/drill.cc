#include "drill/drill.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <utility>

#include "core/postgres/catalog_columns.h"
#include "core/repository/identity.h"
#include "core/repository/phase_timer.h"
#include "drill/failure.h"
#include "drill/steps.h"
#include "verify/verify.h"

namespace pgassay::drill {
namespace {

/// Passes everything on and counts what was read.
class Meter : public Observer {
 public:
  explicit Meter(Observer& next) : next_(next) {}
  void message(Level level, std::string_view text, std::string_view hint) override {
    next_.message(level, text, hint);
  }
  void phase(std::string_view name) override { next_.phase(name); }
  void plan(std::uint64_t parts, std::uint64_t raw_bytes) override { next_.plan(parts, raw_bytes); }
  void settled(std::uint64_t planned_bytes, std::uint64_t raw_bytes) override {
    next_.settled(planned_bytes, raw_bytes);
  }
  void part_started(unsigned worker, std::string_view object) override { next_.part_started(worker, object); }
  void advanced(std::uint64_t raw_bytes, std::uint64_t rows) override {
    bytes_ += raw_bytes;
    next_.advanced(raw_bytes, rows);
  }
  void part_finished(unsigned worker, std::string_view object) override {
    next_.part_finished(worker, object);
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Observer& next_;
  std::atomic<std::uint64_t> bytes_ = 0;
};

/// A server has these from the start.
bool is_the_servers_own(const std::string& database) {
  return database == "postgres" || database == "template0" || database == "template1";
}

bool is_relation(const proof::InventoryObject& object) {
  constexpr std::string_view kKinds[] = {"table",    "partitioned table", "index",
                                         "sequence", "materialized view", "view"};
  return std::ranges::find(kKinds, object.kind) != std::end(kKinds);
}

/// A container sees the backup under the very path that its programs are given.
Backup by_absolute_path(Backup backup) {
  backup.dir = backup.dir.absolute();
  return backup;
}

void add_engine_facts(const EngineFacts& engine, std::map<std::string, std::string>& facts) {
  std::vector<std::string> settings;
  for (const auto& [name, value] : engine.settings) settings.push_back(name + " = " + value);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {fact::kEngine, std::string(to_string(engine.engine))},
           {"engine_version", engine.engine_version},
           {fact::kImage, engine.image},
           {"image_id", engine.image_id},
           {"image_digest", engine.image_digest},
           {"server", engine.server},
           {fact::kServerVersion, engine.server_version},
           {"storage", engine.storage},
           {"sandbox", engine.sandbox},
           {"memory_bytes", std::to_string(engine.memory_bytes)},
           {"settings", fmt::to_string(fmt::join(settings, ", "))}}) {
    if (!value.empty()) facts[name] = value;
  }
}

class Drill {
 public:
  Drill(const Repository& repository, const Backup& backup, const DrillOptions& options, Observer& observer,
        std::stop_token stop)
      : repository_(repository),
        backup_(by_absolute_path(backup)),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)) {}

  DrillReport run() {
    const ReadLease lease = verify::lease_or_unverified(repository_, backup_);
    Evidence& evidence = report_.evidence;
    evidence.kind = "drill";
    evidence.started = now();
    evidence.tool_version = options_.tool_version;
    evidence.host = host_name();
    evidence.scope = "all";
    try {
      timed(DrillStep::fetch, [this] { fetch(); });
      timed(DrillStep::start, [this] { start(); });
      restore();
      timed(DrillStep::checks, [this] { check(); });
    } catch (const NewerFormat& error) {
      throw Unverified(error.what(), error.hint());
    } catch (const BadBackup& error) {
      lease.throw_if_removed();
      evidence.checks = {{"restore", Verdict::fail, error.what(), {CheckKind::restore, {}, {}}}};
      add_damage(repository_, backup_, observer_, evidence, stop_);
      make_unique(evidence.checks);
    }
    timed(DrillStep::tear_down, [this] { tear_down(); });
    evidence.verdict = overall(evidence.checks);
    evidence.finished = now();
    if (options_.write_evidence) store();
    return std::move(report_);
  }

 private:
  template <typename Body>
  void timed(DrillStep step, Body body) {
    run_phase(report_.evidence.phases, observer_, to_string(step), body);
  }
  void fact(const std::string& name, const std::string& value) {
    if (!value.empty()) report_.evidence.facts[name] = value;
  }

  void fetch() {
    manifest_ = read_manifest(backup_.dir);
    inventory_ = proof::read_stored_inventory(backup_.dir);
    fact("backup", backup_.id.shown());
    fact("snapshot_taken", to_rfc3339(manifest_.summary.snapshot.taken));
    fact("source_server_version", manifest_.server.version_text);
    database_ = is_the_servers_own(manifest_.database.name) ? "pgassay_drill" : manifest_.database.name;
  }

  void start() {
    ThrowawayRequest request;
    request.source_version = manifest_.server.version;
    request.pg_dump_version = manifest_.summary.pg_dump_version_num;
    request.raw_bytes = manifest_.summary.raw_bytes;
    request.database_bytes = manifest_.server.database_bytes;
    request.relations = static_cast<std::uint64_t>(std::ranges::count_if(inventory_, is_relation));
    request.backup_id = backup_.id.shown();
    request.database = database_;
    if (!manifest_.server.bootstrap_role.empty()) request.superuser = manifest_.server.bootstrap_role;
    request.shared_preload_libraries = manifest_.server.shared_preload_libraries;
    request.backup_dir = backup_.dir.path();
    request.work_dir = options_.work_dir;
    request.memory_bytes = options_.memory_bytes;
    request.image = options_.image;
    request.pull = options_.pull;
    request.allow_weak_sandbox = options_.allow_weak_sandbox;
    request.jobs = options_.questions.jobs;
    server_ = start_throwaway_server(options_.engine, request, observer_, stop_);
    add_engine_facts(server_->facts(), report_.evidence.facts);
  }

  void restore() {
    restore::IntoEmpty options;
    options.connection = server_->conninfo();
    options.into = database_;
    options.create = true;
    options.role_passwords = false;
    options.jobs = options_.questions.jobs;
    options.prove = false;
    options.throwaway = true;
    options.pg_restore = server_->tool("pg_restore");
    options.search_path = options_.search_path;
    fact("search_path", options_.search_path);
    options.before_data = [this](Connection& connection) { foreign_.cut(connection); };
    fact("pg_restore_version", options.pg_restore->version_text);
    try {
      restored_ = restore_backup(repository_, backup_, options, observer_, stop_);
    } catch (const Error& error) {
      throw_failure(error, repository_, backup_, *server_, observer_, stop_);
    }
    Evidence& evidence = report_.evidence;
    for (PhaseTime& phase : drill_times(restored_.steps)) evidence.phases.push_back(std::move(phase));
    fact(kRestoreSeconds, fmt::format("{:.3f}", restored_.seconds));
    evidence.notes = restore::texts(restored_.notes);
    if (foreign_.wrappers() > 0)
      evidence.notes.emplace_back("foreign tables were cut off: a drill reads no other server");
    std::set<std::string> mends;
    for (const restore::Loss& loss : restored_.lost)
      if (!loss.mend.empty()) mends.insert(loss.mend);
    fact(kSearchPathMends, fmt::to_string(fmt::join(mends, "; ")));
    throw_if_lacking(restored_.lost);
    for (const restore::Loss& loss : restored_.lost) throw_if_server_failure(loss, *server_, observer_);
  }

  void check() {
    Meter meter(observer_);
    const RestoredBackup restored{
        manifest_,  inventory_, restored_, foreign_, server_->conninfo().with_database(database_),
        backup_.dir};
    Answers answers;
    try {
      answers = check_restored(restored, options_.questions, meter, stop_);
    } catch (const Error& error) {
      error.raise_if(ErrorKind::bad_backup, ErrorKind::newer_format);
      throw_server_failure(error, *server_, observer_);
    }
    report_.evidence.checks = std::move(answers.checks);
    fact(fact::kRowsCompared, std::to_string(answers.rows));
    fact(fact::kBytesCompared, std::to_string(meter.bytes()));
    fact(fact::kTablesCompared, std::to_string(manifest_.summary.tables));
    fact(fact::kObjectsCompared, std::to_string(answers.objects));
    fact("catalog_columns", catalog_columns_summary(manifest_.server.version));
  }

  void tear_down() {
    if (server_ && options_.keep) keep();
    server_.reset();
  }

  void keep() {
    try {
      const std::string how = server_->how_to_connect(database_);
      server_->keep();
      report_.how_to_connect = how;
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      observer_.message(Level::warning, fmt::format("the throwaway server is not kept: {}", error.what()),
                        error.hint());
    }
  }

  void store() {
    try {
      report_.evidence.file = repository_.add_evidence(backup_, report_.evidence);
    } catch (const Error& error) {
      observer_.message(Level::warning, fmt::format("the evidence is not stored: {}", error.what()),
                        error.hint());
    }
  }

  const Repository& repository_;
  const Backup backup_;
  const DrillOptions& options_;
  Observer& observer_;
  std::stop_token stop_;
  Manifest manifest_;
  std::vector<proof::InventoryObject> inventory_;
  std::string database_;
  std::unique_ptr<ThrowawayServer> server_;
  ForeignAccess foreign_;
  restore::RestoreReport restored_;
  DrillReport report_;
};

}  // namespace

DrillReport drill_backup(const Repository& repository, const Backup& backup, const DrillOptions& options,
                         Observer& observer, std::stop_token stop) {
  return Drill(repository, backup, options, observer, std::move(stop)).run();
}

}  // namespace pgassay::drill
