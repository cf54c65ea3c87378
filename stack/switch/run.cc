#include "stack/switch/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/postgres/source_facts.h"
#include "core/system/subprocess.h"
#include "restore/resume.h"
#include "restore/whole/replace.h"
#include "restore/whole/target.h"
#include "stack/switch/passwords.h"
#include "stack/switch/trial.h"
#include "stack/switch/volumes.h"

namespace pgassay::stack {
namespace {

constexpr char kCutOver[] = "cut_over", kYes[] = "yes";

bool anyone(const SwitchedContainer&) {
  return true;
}
bool is_writer(const SwitchedContainer& one) {
  return one.is_writer;
}
bool is_database(const SwitchedContainer& one) {
  return one.is_database;
}
bool is_left(const SwitchedContainer& one) {
  return !one.is_writer && !one.is_database;
}

/// All that was in the backup is there, and proved.
void check_restored(const restore::RestoreReport& report) {
  if (!report.lost.empty())
    throw Error(
        fmt::format("the restore lost something: {}{}", report.lost[0].text,
                    report.lost.size() > 1 ? fmt::format(" (and {} more)", report.lost.size() - 1) : ""),
        "drill the backup, and see docs/drills.md");
  if (report.verdict == Verdict::pass) return;
  const std::string why = first_problem(report.checks, report.verdict);
  if (report.verdict == Verdict::fail) throw BadBackup("the restored rows are not the backup's: " + why);
  throw Unverified("the restored rows could not be proved: " + why);
}

}  // namespace

SwitchRun::SwitchRun(const Repository& repository, SwitchJournal& journal, const SwitchOptions& options,
                     const SwitchScene& scene, Observer& observer, std::stop_token stop)
    : repository_(repository),
      journal_(journal),
      options_(options),
      scene_(scene),
      observer_(observer),
      stop_(std::move(stop)),
      containers_(options.settings.health_timeout),
      new_stack_(options, scene, observer) {}

std::string SwitchRun::act(SwitchStep step) {
  switch (step) {
    case SwitchStep::check:
      return check();
    case SwitchStep::images:
      return make_images_be_here();
    case SwitchStep::rehearsal:
      return rehearse();
    case SwitchStep::stop_writers:
      return stop_writers();
    case SwitchStep::final_backup:
      return take_final_backup();
    case SwitchStep::new_database:
      return start_new_database();
    case SwitchStep::restore:
      return restore();
    case SwitchStep::stop_old:
      return stop_old();
    case SwitchStep::carry_volumes:
      return carry_volumes();
    case SwitchStep::start_new:
      return start_new();
    case SwitchStep::health:
      return await_health();
    case SwitchStep::routes:
      return check_routes();
  }
  return {};
}

backup::BackupOptions SwitchRun::reach_old() {
  const SwitchState now = state();
  const std::vector<std::string> ids = now.ids_that_ran(is_database);
  if (ids.size() != 1) throw Error("the old stack's database container is not known");
  const std::string named = now.fact(fact::kDatabase);
  return reach_database(options_.source, ids[0],
                        named.empty() ? scene_.from.settings.database : std::optional(named), observer_,
                        stop_);
}

backup::BackupOptions SwitchRun::reach_new(const std::string& database) {
  return new_stack_.reach(state().fact(fact::kNewDatabase), database, stop_);
}

Backup SwitchRun::final_backup() const {
  return repository_.find(state().fact(fact::kFinal));
}

/// It was made when the scene was looked at.
std::string SwitchRun::check() {
  return fmt::format("{} checks passed", scene_.check.checks.size());
}

std::string SwitchRun::make_images_be_here() {
  for (const auto& words : image_commands(scene_.to, scene_.engine))
    scene_.compose->run(scene_.to.settings, scene_.to.env.value_or(EnvFile()), words, stop_);
  std::set<std::string> images;
  for (const auto& [name, service] : scene_.to.model()->services)
    if (!service.builds && !service.image.empty()) images.insert(service.image);
  const EngineView engine = look_at_engine(images, stop_);
  for (const std::string& image : images)
    if (!engine.images.contains(image))
      throw Refused("the image " + image + " is not here", "docker pull " + image);
  return fmt::format("{} images", images.size());
}

std::string SwitchRun::rehearse() {
  backup::BackupOptions reached = reach_old();
  reached.label = "before switch " + options_.settings.name;
  const backup::TakenBackup taken = take_backup(repository_, reached, observer_, stop_);
  const Backup backup = repository_.find(taken.summary.id.shown());
  const Manifest manifest = read_manifest(backup.dir);
  if (manifest.server.standby)
    throw Refused("the old stack's server is a standby", "switch the stack of the primary");
  if (!options_.keep_data && manifest.database.name == kMaintenance)
    throw Refused("the database postgres is the server's own: nothing is restored into it",
                  "move the data into a database of its own");
  for (const LeftOut& one : manifest.left_out)
    observer_.message(Level::warning, fmt::format("{}: not carried over: {}", one.what, one.why));
  verify_or_throw(repository_, backup, options_.verify, observer_, stop_);
  note(fact::kRehearsal, backup.id.shown());
  note(fact::kDatabase, manifest.database.name);
  const std::string tried = try_new_stack(manifest);
  if (!options_.drill) return backup.id.shown() + ", verified, not drilled" + tried;
  const drill::DrillReport drill = drill_backup(repository_, backup, *options_.drill, observer_, stop_);
  if (drill.evidence.verdict != Verdict::pass) {
    const std::string text = fmt::format("the drill of {} did not pass: {}", backup.id.shown(),
                                         first_problem(drill.evidence.checks, drill.evidence.verdict));
    if (drill.evidence.verdict == Verdict::fail)
      throw BadBackup(text, "pgassay drill " + shell_word(backup.id.shown()));
    throw Unverified(text, "pgassay drill " + shell_word(backup.id.shown()) + "; or --no-drill");
  }
  return backup.id.shown() + ", verified and drilled" + tried;
}

/// Before anything is stopped: does its database come up, and take the backup and the passwords?
std::string SwitchRun::try_new_stack(const Manifest& backup) {
  std::vector<DatabaseLogin> logins = logins_of(*scene_.to.model(), *scene_.to.settings.database_service);
  const LoginServer old{reach_old().connection, "the old stack's database, and keeps it",
                        "write that one into the env file, or ALTER ROLE … PASSWORD there"};
  if (state().fact(fact::kTrial) != kYes) {
    if (!options_.keep_data) std::erase_if(logins, [](const DatabaseLogin& one) { return one.first_user; });
    try_logins(logins, {old}, stop_);
    return {};
  }
  if (!options_.data_from_backup) note(fact::kTried, state().fact(fact::kNewVolume));
  const auto look = [&](const ConnInfo& fresh) {
    try_logins(logins, {{fresh, "the new stack's database", kOfVolumesPassword}, old}, stop_);
  };
  try_new_database(new_stack_, options_, scene_, backup, look, stop_);
  return "; the new database came up, and is stopped until step 6";
}

std::string SwitchRun::stop_writers() {
  check_no_newcomers();
  if (state().fact(fact::kDownSince).empty()) note(fact::kDownSince, boot_moment());
  const std::vector<std::string> ids = state().ids_that_ran(is_writer);
  containers_.stop_for_good(ids, {}, stop_);
  return fmt::format("{} containers stopped", ids.size());
}

std::string SwitchRun::take_final_backup() {
  backup::BackupOptions reached = reach_old();
  reached.label = "switch " + options_.settings.name;
  const StillBackup still =
      take_still_backup(repository_, reached, options_.verify,
                        "final backup of switch " + options_.settings.name, observer_, stop_);
  journal_.add(entry::kFact, {{fact::kFinal, still.backup.id.shown()},
                              {fact::kFinalXmax, still.still.xmax},
                              {fact::kFinalCatalog, still.still.catalog},
                              {fact::kOldServer, read_manifest(still.backup.dir).server.system_identifier}});
  return still.backup.id.shown() + ", verified and pinned";
}

std::string SwitchRun::start_new_database() {
  if (options_.keep_data) check_old_is_down();
  new_stack_.compose({"up", "-d", "--no-deps", *scene_.to.settings.database_service}, stop_);
  const StackContainer database = new_stack_.database(true, stop_);
  note(fact::kNewDatabase, database.id);
  new_stack_.await_server(database.id, stop_);
  return database.name + " is healthy";
}

/// So that backups to come know that it took the old one's place.
void SwitchRun::note_new_server() {
  try {
    Connection connection =
        Connection::open(reach_new(kMaintenance).connection, backup::kApplicationName, stop_);
    note(fact::kNewServer, read_server_facts(connection).system_identifier);
  } catch (const ServerError&) {  // then the next backup tells of another server
  }
}

std::string SwitchRun::restore() {
  note_new_server();
  const SwitchState now = state();
  const std::string database = scene_.to.settings.database.value_or(now.fact(fact::kDatabase));
  if (!options_.keep_data && now.fact(fact::kRestored).empty()) {
    const std::string what = restore_into(database);
    note(fact::kRestored, database);
    return what;
  }
  // Nothing to restore, or restored before an interruption.
  const std::string differs = difference(reach_new(database).connection, read_manifest(final_backup().dir),
                                         options_.verify.jobs, observer_, stop_);
  if (!differs.empty()) throw Error("the new database is not what the final backup holds: " + differs);
  if (options_.keep_data) note(fact::kRestored, database);
  return "every row of the database is the final backup's";
}

std::string SwitchRun::restore_into(const std::string& database) {
  restore::IntoEmpty restore;
  restore.connection = reach_new(kMaintenance).connection;
  restore.into = database;
  restore.jobs = options_.verify.jobs;
  const Backup backup = final_backup();
  Connection server = Connection::open(restore.connection, backup::kApplicationName, stop_);
  const bool exists = restore::database_exists(server, database);
  if (options_.data_from_backup && exists) {
    const restore::Replaced replaced = replace_database(repository_, backup, restore, observer_, stop_);
    check_restored(replaced.restored);
    if (replaced.before.empty()) throw Error("the restored database did not take the other one's place");
    return fmt::format("{} rows, every one proved; what was there is {}", replaced.restored.rows,
                       replaced.before);
  }
  restore.create = !exists;
  if (restore_was_begun_before()) {
    if (exists && is_restored(database)) return "every row was proved before the interruption, and now again";
    restore.resume = true;
  }
  const restore::RestoreReport report = restore_backup(repository_, backup, restore, observer_, stop_);
  check_restored(report);
  return fmt::format("{} rows, every one proved", report.rows);
}

bool SwitchRun::restore_was_begun_before() const {
  return std::ranges::count_if(journal_.entries(), [](const JournalEntry& one) {
           const auto step = one.facts.find(fact::kStep);
           return one.what == entry::kStepBegun && step != one.facts.end() &&
                  step->second == to_string(SwitchStep::restore);
         }) > 1;
}

/// By a restore that came to its end, killed before the journal said so: its own record is gone, the rows
/// are there.
bool SwitchRun::is_restored(const std::string& database) {
  const ConnInfo reached = reach_new(database).connection;
  Connection connection = Connection::open(reached, backup::kApplicationName, stop_);
  if (restore::find_unfinished(connection)) return false;
  const Manifest manifest = read_manifest(final_backup().dir);
  return !manifest.relations.empty() &&
         difference(reached, manifest, options_.verify.jobs, observer_, stop_).empty();
}

/// Between the final backup and now. A moved transaction counter alone may be autovacuum's: then every row is
/// read again.
void SwitchRun::prove_nobody_wrote() {
  const SwitchState now = state();
  const backup::BackupOptions reached = reach_old();
  const Stillness still = await_stillness(reached.connection, stop_);
  if (still.catalog != now.fact(fact::kFinalCatalog))
    throw Refused("somebody changed a definition in the old database since the final backup",
                  "find out who, and begin anew");
  if (still.xmax == now.fact(fact::kFinalXmax)) return;
  const std::string differs = difference(reached.connection, read_manifest(final_backup().dir),
                                         options_.verify.jobs, observer_, stop_);
  if (!differs.empty())
    throw Refused("somebody wrote to the old database since the final backup: " + differs,
                  fmt::format("find out who, name it in writers of [stack.{}], and begin anew",
                              options_.settings.from));
}

std::string SwitchRun::stop_old() {
  const SwitchState now = state();
  const std::vector<std::string> database = now.ids_that_ran(is_database);
  const std::vector<StackContainer> there = containers_.those(database, stop_);
  const bool runs = std::ranges::any_of(there, [](const StackContainer& one) { return one.running(); });
  if (runs || now.fact(kCutOver) != kYes) {
    for (const StackContainer& one : containers_.those(now.ids_that_ran(is_writer), stop_))
      if (one.running())
        throw Refused(fmt::format("the writer {} of the old stack runs again", one.name),
                      "find out who started it, and begin anew");
    check_no_newcomers();
    // One that was silent until now may write yet.
    containers_.stop_for_good(now.ids_that_ran(is_left), {}, stop_);
    if (!runs)
      for (const std::string& id : database) containers_.start(id, stop_);
    containers_.await_well(database, stop_);
    prove_nobody_wrote();
    note(kCutOver, kYes);
  }
  containers_.stop_for_good(database, kServerStopSeconds, stop_);
  check_old_is_down();
  return "every container of the old stack is stopped";
}

/// Whoever removed one by hand took a part of the way back.
void SwitchRun::check_old_is_there() const {
  const std::vector<StackContainer> there = containers_.those(state().ids_that_ran(anyone), stop_);
  for (const SwitchedContainer& one : state().old_containers)
    if (one.ran && std::ranges::find(there, one.id, &StackContainer::id) == there.end())
      throw Refused(
          fmt::format("the container {} of the old stack was removed since the switch was planned", one.name),
          fmt::format("make it anew: {}; then begin anew",
                      scene_.compose->command(scene_.from.settings, {"up", "-d", one.service})));
}

/// Containers that run in the old project by now and did not when the switch was planned.
void SwitchRun::check_no_newcomers() const {
  const std::vector<std::string> known = state().ids_that_ran(anyone);
  for (const StackContainer& one : containers_.of_project(scene_.old_project(), {}, stop_))
    if (one.running() && std::ranges::find(known, one.id) == known.end() &&
        !goes_on(one, scene_.from.settings))
      throw Refused(
          fmt::format("{} was started in the project {} since the switch was planned", one.name,
                      scene_.old_project()),
          fmt::format("docker stop {}, or name its service {} in bystanders of [stack.{}] when it writes "
                      "nothing to this database",
                      one.name, one.service, options_.settings.from));
}

void SwitchRun::check_old_is_down() const {
  for (const StackContainer& one : containers_.those(state().ids_that_ran(anyone), stop_))
    if (one.running())
      throw Refused(fmt::format("the container {} of the old stack still runs", one.name),
                    "find out who started it");
}

/// What made the new volumes is compose, with its labels and their drivers.
std::string SwitchRun::carry_volumes() {
  const SwitchState now = state();
  const std::vector<VolumePair> pairs = parse_volume_pairs(now.fact(fact::kVolumes));
  if (pairs.empty()) return "none is listed";
  check_old_is_down();
  const auto database = std::ranges::find_if(now.old_containers, is_database);
  const VolumeCopies copies(containers_.docker(), database->image);
  std::vector<std::string> told;
  for (const VolumePair& one : pairs) {
    if (!copies.exists(one.from, stop_))
      throw Refused("the volume " + one.from + " is gone", "docker volume ls");
    if (!copies.exists(one.to, stop_)) {
      std::vector<std::string> words = services_on(*scene_.to.model(), one.to);
      words.insert(words.begin(), {"up", "--no-start", "--no-deps"});
      new_stack_.compose(words, stop_);
    }
    told.push_back(copies.copy(one, stop_));
  }
  return fmt::format("{}", fmt::join(told, "; "));
}

std::string SwitchRun::start_new() {
  check_old_is_down();
  if (state().fact(fact::kRestored).empty())
    throw Refused("the new database was never proved", "pgassay stack rollback " + options_.settings.name);
  new_stack_.compose({"up", "-d"}, stop_);
  // A switch that was rolled back has set them to "no".
  const ComposeModel& model = *scene_.to.model();
  bool database_is_there = false;
  for (const StackContainer& one : new_stack_.containers(stop_)) {
    const ComposeService* service = model.find(one.service);
    const std::string wanted = service == nullptr || service->restart.empty() ? "no" : service->restart;
    if (!one.one_off && one.restart != wanted) containers_.set_restart(one.id, wanted, stop_);
    database_is_there |= one.id == state().fact(fact::kNewDatabase) && one.running();
  }
  if (!database_is_there)
    throw Error("compose has replaced the new stack's database container, or it does not run",
                "docker ps -a --filter label=com.docker.compose.project=" + scene_.new_project());
  return "the new stack's containers are started";
}

std::string SwitchRun::await_health() {
  const ComposeModel& model = *scene_.to.model();
  const auto look = [&] {
    std::vector<StackContainer> there = new_stack_.containers(stop_);
    std::erase_if(there, [](const StackContainer& one) { return one.one_off; });
    for (const auto& [name, service] : model.services)
      if (std::ranges::find(there, name, &StackContainer::service) == there.end())
        there.push_back({.id = {},
                         .name = name,
                         .service = name,
                         .image = {},
                         .status = "absent",
                         .health = "none",
                         .restart = "no"});
    return there;
  };
  const auto settled = [&](const StackContainer& one) {
    if (one.status == "exited" && one.restart == "no" && one.exit_status != 0)
      throw Error(fmt::format("{} of the new stack ended with {}", one.name, one.exit_status),
                  "docker logs " + one.name);
    return one.well() || (one.status == "exited" && one.exit_status == 0 && one.restart == "no");
  };
  containers_.await(look, settled, stop_);
  const SwitchState now = state();
  const std::optional<double> by_boot = seconds_since(now.fact(fact::kDownSince));
  const Seconds by_clock = pgassay::now() - now.writers_stopped.value();
  const double down = by_boot ? *by_boot : std::max(0.0, by_clock.count());
  note(fact::kDowntime, fmt::format("{:.1f}", down));
  return fmt::format("every container is healthy; the down-time was {:.1f} s", down);
}

std::string SwitchRun::check_routes() {
  if (!options_.routes) return "not checked: no routes check is at hand";
  const RoutesOutcome outcome = options_.routes(options_.settings.to, stop_);
  if (outcome.kind == RoutesOutcome::Kind::failed)
    throw Error("routes of stack " + options_.settings.to + ": " + outcome.text,
                "pgassay stack routes " + options_.settings.to);
  return outcome.kind == RoutesOutcome::Kind::passed ? outcome.text : "not checked: " + outcome.text;
}

}  // namespace pgassay::stack
