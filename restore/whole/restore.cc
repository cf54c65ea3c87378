#include "restore/whole/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <tuple>

#include "core/postgres/maintenance.h"
#include "core/postgres/pg_tool.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "proof/circumstances.h"
#include "proof/inventory_check.h"
#include "proof/row_proof.h"
#include "proof/values_proof.h"
#include "restore/application_name.h"
#include "restore/archive/archive_sql.h"
#include "restore/archive/selection.h"
#include "restore/backup_files.h"
#include "restore/load/early_indexes.h"
#include "restore/load/extension_tables.h"
#include "restore/load/large_objects.h"
#include "restore/load/late_tables.h"
#include "restore/load/load.h"
#include "restore/load/owner_guard.h"
#include "restore/load/refused_rows.h"
#include "restore/load/rules.h"
#include "restore/restore_scope.h"
#include "restore/resume.h"
#include "restore/tables/data_only.h"
#include "restore/tables/live_checks.h"
#include "restore/tables/live_table.h"
#include "restore/tables/one_table.h"
#include "restore/whole/analyze.h"
#include "restore/whole/causes.h"
#include "restore/whole/extension_members.h"
#include "restore/whole/post_data.h"
#include "restore/whole/public_schema.h"
#include "restore/whole/roles.h"
#include "restore/whole/schema.h"
#include "restore/whole/statistics.h"
#include "restore/whole/target.h"

namespace pgassay::restore {
namespace {

/// object_not_in_prerequisite_state: above all a materialized view without rows.
constexpr std::string_view kNotFilled = "55000";

class Restoration {
 public:
  Restoration(const Backup& backup, const IntoEmpty& options, Observer& observer, std::stop_token stop)
      : dir_(backup.dir),
        backup_(backup.id.shown()),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)),
        manifest_(read_manifest(backup.dir)) {
    name_ = options.into.empty() ? manifest_.database.name : options.into;
    target_ = options.connection.with_database(name_);
    report_.database = name_;
  }

  RestoreReport run() {
    const Stopwatch watch;
    timed(RestoreStep::check, [this] { check(); });
    if (options_.throwaway || only_the_proof())
      write();
    else
      write_or_say_what_is_left();
    report_.seconds = watch.seconds();
    return std::move(report_);
  }

 private:
  bool only_the_proof() const { return options_.stand_in && options_.stand_in->whole; }

  void write_or_say_what_is_left() {
    try {
      write();
    } catch (const Stopped& error) {
      observer_.message(Level::warning, left_behind(), what_next());
      error.raise();
    } catch (const BadBackup& error) {
      error.with_hint(with_next(error.hint(), Again::another_backup))->raise();
    } catch (const Error& error) {
      error.with_hint(with_next(error.hint()))->raise();
    }
  }

  /// A part of the work that is not done again by whoever goes on after it.
  template <typename Body>
  void step(RestoreStep step, Body body) {
    if (record_.finished(step)) return;
    const std::size_t lost = report_.lost.size(), notes = report_.notes.size();
    record_.begin(step);
    timed(step, body);
    record_.finish(step, std::span(report_.lost).subspan(lost), std::span(report_.notes).subspan(notes));
  }

  template <typename Body>
  void timed(RestoreStep step, Body body) {
    run_step(report_.steps, observer_, step, body);
  }

  /// To CREATE DATABASE we must be in another one.
  Connection open_server() {
    return Connection::open(
        options_.create ? maintenance_database(options_.connection, kRestoreApplication, stop_) : target_,
        kRestoreApplication, stop_);
  }

  void reconnect() {
    server_ = Connection::open(target_, kRestoreApplication, stop_);
    start_loading_session(*server_);
  }

  /// All that can be refused is refused here; nothing is written.
  void check() {
    if (options_.wanted.everything()) check_files(dir_, manifest_);
    if (!options_.create) check_not_the_servers_own(name_);
    server_ = open_server();
    start_loading_session(*server_);
    report_.server_version = server_->parameter("server_version");
    creating_ = options_.create && !(options_.resume && database_exists(*server_, name_));
    if (options_.create && !creating_) reconnect();
    pg_restore_ = options_.pg_restore ? *options_.pg_restore
                                      : choose_pg_restore(server_->server_version(),
                                                          manifest_.summary.pg_dump_version_num, stop_);
    select_what_is_wanted();
    check_server(*server_, manifest_, creating_, report_.notes);
    check_target();
    plan_roles_from_globals();
    for (const LeftOut& left_out : manifest_.left_out)
      report_.notes.push_back({NoteKind::left_out,
                               left_out.what,
                               {},
                               fmt::format("{}: not in the backup: {}", left_out.what, left_out.why)});
    for (const ToolWords& words : manifest_.tools_said)
      report_.notes.push_back({NoteKind::left_out, {}, {}, words.shown()});
    if (!creating_ && server_->server_encoding() != manifest_.encoding)
      report_.notes.push_back({NoteKind::encoding,
                               {},
                               {},
                               fmt::format("encoding {} here, {} in the backup: rows are converted",
                                           server_->server_encoding(), manifest_.encoding)});
  }

  void select_what_is_wanted() {
    report_.not_carried = waived(options_);
    if (!brings_properties(options_))
      report_.not_carried.emplace_back("owner, privileges, settings and comment of the database");
    if (options_.wanted.everything()) return;
    Wanted wanted = options_.wanted;
    wanted.sql_of = [archive = ArchiveSql{pg_restore_, dir_ / kSchemaFile, manifest_.encoding},
                     this](const std::vector<int>& ids) { return entries_sql(archive, ids, stop_); };
    TableSelection selection =
        select(std::move(manifest_), list_archive(pg_restore_, dir_ / kSchemaFile, stop_), wanted);
    manifest_ = std::move(selection.manifest);
    entries_ = std::move(selection.entries);
    std::ranges::move(selection.not_carried, std::back_inserter(report_.not_carried));
    check_files(dir_, manifest_);
  }

  void check_target() {
    if (creating_) return check_absent(*server_, name_);
    if (only_the_proof()) return;
    if (const std::optional<Unfinished> left = find_unfinished(*server_)) {
      check_may_go_on(*left, mark(), options_.resume, name_);
      // Once ours may be there, they are: after all else.
      if (!left->begun.contains(RestoreStep::post_data)) refuse_event_triggers(*server_);
      report_.resumed = true;
      return;
    }
    check_no_template(*server_);
    if (options_.resume) refuse_event_triggers(*server_);
    check_empty(*server_);
    if (options_.resume)
      report_.notes.push_back(
          {NoteKind::resumed, {}, {}, "nothing was there to go on with: all is restored from the beginning"});
  }

  RestoreMark mark() const {
    return {backup_, hash_file(dir_ / kManifestFile).sha.hex(), what_is_made(options_)};
  }

  void plan_roles_from_globals() {
    roles_ = plan_roles(*server_, read_file(dir_ / kGlobalsFile, kLongestGlobals), options_);
    report_.notes.insert(report_.notes.end(), roles_.notes.begin(), roles_.notes.end());
    if (options_.roles == Roles::none && !roles_.absent.empty())
      observer_.message(
          Level::warning,
          fmt::format("roles of the backup that are absent here: {}", fmt::join(roles_.absent, ", ")),
          "what they own or were granted is listed as lost; --roles missing creates them");
    if (options_.roles != Roles::none && !roles_.absent.empty() &&
        !(manifest_.role_passwords && options_.role_passwords))
      report_.notes.push_back({NoteKind::role,
                               {},
                               {},
                               fmt::format("created without passwords: {}", fmt::join(roles_.absent, ", "))});
    if (!roles_.absent_tablespaces.empty())
      report_.notes.push_back(
          {NoteKind::tablespace,
           {},
           {},
           fmt::format("tablespaces are absent here: {}; everything is in the default one",
                       fmt::join(roles_.absent_tablespaces, ", "))});
  }

  void write() {
    if (!only_the_proof()) restore();
    if (options_.prove) timed(RestoreStep::proof, [this] { prove_it(); });
    if (!options_.stand_in) record_.remove(report_.notes);
  }

  void restore() {
    if (creating_)
      timed(RestoreStep::create, [this] { create_database(*server_, name_, manifest_, report_.notes); });
    touched_ = creating_;
    if (creating_) reconnect();
    if (options_.stand_in)
      server_->query(fmt::format("COMMENT ON DATABASE {} IS {}", quote_identifier(name_),
                                 quote_literal(options_.stand_in->comment)));
    open_record();
    touched_ = true;
    // In the new database, for a role's name is stored in the encoding of the database in which it is made.
    step(RestoreStep::roles, [this] { create_roles(*server_, roles_, report_.lost, report_.notes); });
    roles_made_ = !roles_.statements.empty();
    if (roles_made_) report_.roles_made = roles_.absent;
    reconnect();  // the roles' script has set an encoding and more
    step(RestoreStep::pre_data, [this] { restore_pre_data(); });
    if (creating_ && !options_.throwaway && !options_.despite_host) refuse_what_the_host_lacks();
    if (options_.before_data) options_.before_data(*server_);
    load();
    step(RestoreStep::post_data, [this] { run_post_data(); });
    conclude_losses();
    if (guard_->given_up()) report_.notes.push_back(*guard_->given_up());
    if (brings_properties(options_)) step(RestoreStep::properties, [this] { apply_properties(); });
    step(RestoreStep::analyze, [this] { bring_statistics(); });
  }

  /// Before any row: what is there was made just now, and is removed again.
  void refuse_what_the_host_lacks() {
    const std::string lacks = lacking_of_host(report_.lost);
    if (lacks.empty()) return;
    remove_what_was_made();
    throw Refused(
        fmt::format("{}: the server's host lacks what the backup needs: {}", server_->described(), lacks),
        "--despite-host restores all the same, without those objects");
  }

  void remove_what_was_made() {
    server_ = open_server();
    server_->query(fmt::format("DROP DATABASE {} WITH (FORCE)", quote_identifier(name_)));
    touched_ = false;
    if (!roles_made_) return;
    std::erase_if(roles_.absent, [&](const std::string& role) {
      try {
        server_->query("DROP ROLE " + quote_identifier(role));
        return true;
      } catch (const ServerError&) {
        return false;
      }
    });
    roles_made_ = !roles_.absent.empty();
  }

  void open_record() {
    if (options_.throwaway) return;
    if (holds_a_record(manifest_)) {
      report_.notes.push_back(
          {NoteKind::record,
           {},
           {},
           "the backup is of a database that was being restored: no record of this restore is kept"});
      return;
    }
    record_.open(target_, mark(), report_.resumed, server_->backend_pid(), report_.notes, stop_);
    if (!report_.resumed) return;
    const Unfinished& left = record_.left();
    report_.notes.push_back({NoteKind::resumed,
                             {},
                             {},
                             fmt::format("went on with the restore begun at {}, which had made {}",
                                         left.since, record_.told(manifest_))});
    report_.lost.insert(report_.lost.end(), left.lost.begin(), left.lost.end());
    report_.notes.insert(report_.notes.end(), left.notes.begin(), left.notes.end());
    std::tie(report_.rows, report_.raw_bytes) = record_.loaded(manifest_);
  }

  void apply_properties() {
    DatabaseProperties properties = manifest_.database;
    if (options_.stand_in) properties.comment.clear();
    if (!options_.acl) properties.grants.clear();
    apply_database_properties(*server_, name_, properties, options_.owners, report_.lost);
  }

  SchemaRun schema_run(RestoreStep section, unsigned jobs) const {
    return {pg_restore_,
            dir_ / kSchemaFile,
            std::string(to_string(section)),
            std::max(1U, jobs),
            options_.owners,
            roles_.absent_tablespaces.empty(),
            !options_.throwaway,
            options_.acl,
            options_.connection.role,
            entries_,
            record_.was_begun(section),
            {},
            options_.search_path};
  }

  void restore_pre_data() {
    if (options_.create && options_.acl && options_.wanted.everything())
      open_public_no_wider_than(manifest_.summary.pg_dump_version_num, *server_);
    restore_section(*server_, schema_run(RestoreStep::pre_data, 1), report_.lost, report_.notes, stop_);
    if (!options_.wanted.everything()) return;
    describe_public(*server_, dir_, manifest_, options_.owners, report_.lost);
    alter_members(target_, dir_, manifest_, options_.owners, report_.lost, report_.notes, stop_);
  }

  void bring_statistics() {
    if (!options_.wanted.rows || !carries_statistics(manifest_, pg_restore_, server_->server_version()))
      return analyze_database(target_, options_.jobs, report_.notes, stop_);
    // With the partitioned tables at their roots, whose statistics are of all their rows.
    std::set<QualifiedName> changed;
    for (const Relation& relation : manifest_.relations) {
      const auto is_of_it = [&](const Loss& loss) {
        return loss.kind == LossKind::rows && loss.object == relation.name.shown();
      };
      if (std::ranges::none_of(report_.lost, is_of_it)) continue;
      changed.insert(relation.name);
      if (relation.root) changed.insert(*relation.root);
    }
    SchemaRun run = schema_run(RestoreStep::analyze, options_.jobs);
    run.archive = dir_ / kStatisticsFile;
    give_statistics(target_, run, manifest_, changed, report_.notes, stop_);
    analyze_what_lacks(target_, manifest_, changed, options_.jobs, report_.notes, stop_);
  }

  /// Ahead of the rest, which is then without them.
  void restore_indexes() {
    const std::vector<ArchiveEntry> archive = take_list();
    const std::vector<int> indexes = with_comments(index_entries(archive), archive);
    std::vector<int> rest;
    std::ranges::copy_if(*entries_, std::back_inserter(rest),
                         [&](int id) { return std::ranges::find(indexes, id) == indexes.end(); });
    std::erase_if(*entries_, [&](int id) { return std::ranges::find(indexes, id) == indexes.end(); });
    run_post_data();
    entries_ = std::move(rest);
  }

  /// For rows whose rules read them. Post-data fills them again, when all is there, and tells what it can't.
  void fill_views() {
    std::vector<int> views = rows_of_views(take_list());
    std::erase_if(views, [&](int id) { return std::ranges::find(*entries_, id) == entries_->end(); });
    if (views.empty()) return;
    SchemaRun run = schema_run(RestoreStep::post_data, options_.jobs);
    run.entries = std::move(views);
    std::vector<Loss> lost;
    std::vector<Note> notes;
    restore_section(*server_, run, lost, notes, stop_);
    refresh_again(*server_, run.search_path, lost);
  }

  void run_post_data() {
    SchemaRun run = schema_run(RestoreStep::post_data, options_.jobs);
    run.again = run.again || record_.was_begun(RestoreStep::indexes);
    run.maintenance_work_mem = maintenance_work_mem(*server_, kMostIndexMemory);
    std::vector<Loss> lost;
    restore_section(*server_, run, lost, report_.notes, stop_);
    refresh_again(*server_, run.search_path, lost);
    // An interrupted restore may have told of an index that it could not build beside the rows.
    for (Loss& loss : lost)
      if (std::ranges::find(report_.lost, loss.text, &Loss::text) == report_.lost.end())
        report_.lost.push_back(std::move(loss));
  }

  /// The archive's list; entries_ are then there, too.
  std::vector<ArchiveEntry> take_list() {
    std::vector<ArchiveEntry> archive = list_archive(pg_restore_, dir_ / kSchemaFile, stop_);
    if (!entries_) {
      entries_.emplace();
      for (const ArchiveEntry& entry : archive) entries_->push_back(entry.id);
    }
    return archive;
  }

  template <typename Body>
  void under_search_path(Body body) {
    if (!options_.search_path.empty()) server_->query("SET search_path = " + options_.search_path);
    body();
    server_->query("SET search_path = ''");
  }

  /// What came with post-data may have made rules true; and of all that is lost, why.
  void conclude_losses() {
    if (report_.lost.empty()) return;
    under_search_path([this] { validate_again(*server_, *guard_, report_.lost); });
    find_causes(report_.lost, list_archive(pg_restore_, dir_ / kSchemaFile, stop_));
  }

  /// For each of `jobs` sessions. Nothing tells how much the server has; shared_buffers are a quarter of it
  /// where they were set, and as much is taken together, but not less than what its operator has set for one.
  std::string maintenance_work_mem(Connection& connection, std::uint64_t most) const {
    const Result bytes =
        connection.query(fmt::format("SELECT greatest(pg_catalog.pg_size_bytes(pg_catalog.current_setting("
                                     "'maintenance_work_mem')), least({}, pg_catalog.pg_size_bytes("
                                     "pg_catalog.current_setting('shared_buffers')) / {}))",
                                     most, std::max(1U, options_.jobs)));
    return fmt::format("{}kB", bytes.unsigned_integer(0, 0) / 1024);
  }

  /// What is made beside the rows, or told to be lost, is no longer of post-data.
  IndexBuilding early_indexes() {
    if (!worth_early_indexes(manifest_)) return {};
    const std::optional<std::vector<int>> wanted = entries_;
    const std::vector<ArchiveEntry> archive = take_list();
    IndexBuilding building{find_early_indexes(manifest_, archive, wanted), {}};
    if (building.indexes.empty()) return {};
    SchemaRun run = schema_run(RestoreStep::post_data, 1);
    building.build = [this, run, archive, all = building.indexes](Connection& connection,
                                                                  const std::vector<int>& entries,
                                                                  std::stop_token stop) mutable {
      {
        const std::lock_guard guard(early_);
        record_.begin(RestoreStep::post_data);
        if (run.maintenance_work_mem.empty())
          run.maintenance_work_mem = maintenance_work_mem(connection, memory_of_early(all));
      }
      return build_early(connection, run, with_comments(entries, archive), std::move(stop));
    };
    return building;
  }

  std::uint64_t memory_of_early(const std::map<const Relation*, TableIndexes>& indexes) const {
    std::vector<int> entries;
    for (const auto& [table, its] : indexes) {
      entries.insert(entries.end(), its.constraints.begin(), its.constraints.end());
      entries.insert(entries.end(), its.indexes.begin(), its.indexes.end());
    }
    const ArchiveSql archive{pg_restore_, dir_ / kSchemaFile, manifest_.encoding};
    return index_memory(manifest_, entries_sql(archive, entries, stop_, "post-data"));
  }

  std::vector<Loss> build_early(Connection& connection, SchemaRun run, const std::vector<int>& entries,
                                std::stop_token stop) {
    {
      const std::lock_guard guard(early_);
      run.entries.emplace();
      std::ranges::copy_if(entries, std::back_inserter(*run.entries),
                           [this](int id) { return std::ranges::find(*entries_, id) != entries_->end(); });
    }
    std::vector<Loss> lost;
    std::vector<Note> notes;
    restore_section(connection, run, lost, notes, std::move(stop));
    const std::lock_guard guard(early_);
    std::ranges::move(notes, std::back_inserter(report_.notes));
    std::erase_if(*entries_, [&](int id) { return std::ranges::find(entries, id) != entries.end(); });
    return lost;
  }

  OwnersCode owners_code() const {
    if (options_.throwaway) return OwnersCode::guarded_if_it_can;
    return options_.distrust_owners ? OwnersCode::guarded : OwnersCode::trusted;
  }

  void load() {
    const bool wal_is_minimal =
        server_->query("SELECT pg_catalog.current_setting('wal_level') = 'minimal'").boolean(0, 0);
    job_.emplace(LoadJob{target_, dir_, manifest_, options_.jobs, record_, wal_is_minimal, options_.rejects,
                         options_.search_path, owners_code(), options_.run_bytes});
    const LoadJob& job = *job_;
    OwnerGuard& guard = guard_.emplace(job, observer_, stop_);
    if (!options_.throwaway)
      if (std::optional<Note> note = note_of_owners_code(*server_, manifest_, options_.distrust_owners))
        report_.notes.push_back(std::move(*note));
    const auto count = [this](const Loaded& loaded) {
      report_.rows += loaded.rows;
      report_.raw_bytes += loaded.raw_bytes;
    };
    // Rows of tables may need them. What is refused here may need the rows of tables: it is tried again after
    // those.
    step(RestoreStep::configuration, [&] {
      std::vector<Loss> refused;
      count(load_extension_tables(job, refused, observer_, stop_));
    });
    step(RestoreStep::data, [&] {
      Loaded loaded = load_tables(job, early_indexes(), guard, report_.lost, observer_, stop_);
      count(loaded);
      count(load_extension_tables(job, report_.lost, observer_, stop_));
      if (!loaded.refused.empty()) {
        const std::set<QualifiedName> naming = find_tables_that_name_objects(*server_);
        std::erase_if(loaded.refused, [&](const RefusedPart& one) {
          const bool wants_view = one.sqlstate == kNotFilled;
          view_wanted_ = view_wanted_ || wants_view;
          return wants_view || naming.contains(one.relation->name);
        });
      }
      count(load_refused(job, guard, std::move(loaded.refused), report_.lost, report_.notes, stop_));
      load_again_where_generated_values_differ(job, guard, report_.lost, stop_);
    });
    step(RestoreStep::sequences, [&] { load_sequences(*server_, manifest_.sequences, report_.lost); });
    step(RestoreStep::large_objects, [&] {
      count(load_large_objects(job, options_.owners, options_.acl, report_.lost, observer_, stop_));
    });
    if (record_.finished(RestoreStep::rules)) return;
    std::vector<RefusedPart> left = parts_left(manifest_, record_, report_.lost);
    const bool again = waits_for_queries(
        *server_, manifest_, [this] { return list_archive(pg_restore_, dir_ / kSchemaFile, stop_); });
    if (!left.empty() || again || has_rules_to_validate(*server_))
      step(RestoreStep::indexes, [&] { restore_indexes(); });
    step(RestoreStep::rules, [&] {
      if (view_wanted_) fill_views();
      count(load_refused(job, guard, std::move(left), report_.lost, report_.notes, stop_));
      if (again) load_again_where_generated_values_differ(job, guard, report_.lost, stop_);
      under_search_path([&] { validate_rules(*server_, guard, report_.lost); });
    });
  }

  void prove_it() {
    report_.checks =
        proof::prove(target_, manifest_, {options_.jobs, options_.accepted, dir_}, observer_, stop_);
    if (!options_.wanted.everything()) prove_views();
    if (!options_.throwaway && options_.roles != Roles::none && options_.wanted.everything()) {
      Connection connection = Connection::open(target_, kRestoreApplication, stop_);
      start_reading_session(connection);
      std::ranges::move(prove_roles(connection, manifest_, report_), std::back_inserter(report_.checks));
    }
    for (Check& check : report_.checks) {
      if (check.id.kind != CheckKind::large_object_facts || check.verdict != Verdict::fail) continue;
      const bool told =
          std::ranges::find(report_.lost, LossKind::large_object, &Loss::kind) != report_.lost.end();
      if (options_.owners && options_.acl && !told) continue;
      check.verdict = Verdict::unverified;
      check.detail += told ? ", as is said above" : ", for owners or privileges were not to be restored";
    }
    if (!options_.owners || !options_.acl)
      std::erase_if(report_.checks, [this](const Check& check) {
        const bool waived =
            check.id.kind == CheckKind::large_object_facts && check.verdict == Verdict::unverified;
        if (waived)
          report_.notes.push_back(
              {NoteKind::large_objects, {}, {}, fmt::format("{}: {}", check.name, check.detail)});
        return waived;
      });
    report_.verdict = overall(report_.checks);
  }

  void prove_views() {
    Connection connection = Connection::open(target_, kRestoreApplication, stop_);
    start_reading_session(connection);
    const proof::DrillCircumstances here = proof::read_circumstances(connection, manifest_);
    std::ranges::move(proof::check_views(proof::read_stored_inventory(dir_),
                                         proof::read_present_inventory(connection), here.excuse()),
                      std::back_inserter(report_.checks));
  }

  std::string left_behind() const {
    if (!touched_)
      return roles_made_
                 ? fmt::format("nothing was restored, roles were created: {}", fmt::join(roles_.absent, ", "))
                 : "nothing was restored, no role was created";
    std::string left =
        fmt::format("database \"{}\" is restored in part only: {}", name_, record_.told(manifest_));
    if (roles_made_) left += fmt::format(", roles were created: {}", fmt::join(roles_.absent, ", "));
    return left;
  }
  enum class Again { same_backup, another_backup };
  std::string what_next(Again again = Again::same_backup) const {
    if (!touched_) return "run the restore again when that is remedied";
    const bool same = again == Again::same_backup;
    const std::string anew = fmt::format("DROP DATABASE {}; then {}{}", quote_identifier(name_),
                                         same ? "run the restore again" : "restore another backup",
                                         options_.create ? "" : ", into an empty database or with --create");
    return same && record_.kept() ? "to go on, say the same with --resume; to begin anew, " + anew : anew;
  }
  std::string with_next(const std::string& hint, Again again = Again::same_backup) const {
    std::string out = hint;
    for (const std::string& more : {left_behind(), what_next(again)})
      if (!more.empty()) out += (out.empty() ? "" : "; ") + more;
    return out;
  }

  Place dir_;
  std::string backup_;
  const IntoEmpty& options_;
  Observer& observer_;
  std::stop_token stop_;
  Manifest manifest_;
  std::string name_;
  ConnInfo target_;
  RestoreReport report_;
  std::optional<Connection> server_;
  PgTool pg_restore_;
  RolePlan roles_;
  RestoreRecord record_;
  bool creating_ = false;                    ///< the database is ours to make
  std::optional<std::vector<int>> entries_;  ///< of the schema archive; absent: all
  bool touched_ = false, roles_made_ = false;
  std::optional<LoadJob> job_;
  std::optional<OwnerGuard> guard_;  ///< of job_
  bool view_wanted_ = false;         ///< a materialized view, by rows that were refused
  std::mutex early_;                 ///< of record_, entries_ and notes, while indexes are built beside rows
};

RestoreReport carry_out(const Backup& backup, const RestoreRequest& request, Observer& observer,
                        std::stop_token stop) {
  if (const auto* beside = std::get_if<TableBeside>(&request))
    return restore_beside(backup.dir, read_manifest(backup.dir), *beside, observer, std::move(stop));
  if (const auto* whole = std::get_if<WholeTables>(&request))
    return restore_live(backup.dir, read_manifest(backup.dir), *whole, observer, std::move(stop));
  if (const auto* rows = std::get_if<RowsInto>(&request))
    return restore_rows(backup.dir, read_manifest(backup.dir), *rows, observer, std::move(stop));
  return Restoration(backup, std::get<IntoEmpty>(request), observer, std::move(stop)).run();
}

}  // namespace

const RestoreContext& context_of(const RestoreRequest& request) {
  return std::visit([](const auto& one) -> const RestoreContext& { return one; }, request);
}

RestoreContext& context_of(RestoreRequest& request) {
  return std::visit([](auto& one) -> RestoreContext& { return one; }, request);
}

RestoreReport restore_backup(const Repository& repository, const Backup& backup,
                             const RestoreRequest& request, Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  RestoreReport report = lease.reading([&] { return carry_out(backup, request, observer, std::move(stop)); });
  make_unique(report.checks);
  return report;
}

}  // namespace pgassay::restore
