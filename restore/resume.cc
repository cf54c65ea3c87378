#include "restore/resume.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSchema = "pgassay_restore";
constexpr int kFormat = 1;
/// "pgassay" in ASCII: one restore at a time in a database.
constexpr const char* kLock = "31637061848604025";
constexpr std::chrono::milliseconds kStep = 100ms, kPatienceForLock = 5s, kPatienceForOrphans = 30s;

/// Names and messages are kept as bytes: the target's encoding need not have their characters.
constexpr const char* kMake = R"(
CREATE SCHEMA pgassay_restore;
CREATE TABLE pgassay_restore.run (format integer, backup bytea, manifest_sha bytea, options bytea,
  since timestamptz DEFAULT pg_catalog.now());
CREATE TABLE pgassay_restore.step (name text, state text, PRIMARY KEY (name, state));
CREATE TABLE pgassay_restore.part (file bytea PRIMARY KEY);
CREATE TABLE pgassay_restore.said (lost boolean, line bytea, kind text, object bytea, sqlstate text);
)";

std::string literal(std::string_view bytes) {
  std::string out = "'\\x";
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out + "'";
}

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

/// Asks every kStep until it is so or the patience ends.
template <typename Condition>
bool soon(std::chrono::milliseconds patience, const std::stop_token& stop, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    throw_if_stopped(stop);
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

[[noreturn]] void throw_locked(Connection& connection) {
  const Result holder = connection.query(
      fmt::format("SELECT l.pid, coalesce(a.client_addr::text, 'local'), a.backend_start"
                  " FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database"
                  " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
                  " WHERE l.locktype = 'advisory' AND l.granted AND d.datname = pg_catalog.current_database()"
                  " AND (l.classid::bigint << 32 | l.objid::bigint) = {}",
                  kLock));
  const std::string who = holder.rows() == 0
                              ? "another session"
                              : fmt::format("backend {} of client {}, connected since {}", holder.text(0, 0),
                                            holder.text(0, 1), holder.text(0, 2));
  throw Locked(
      fmt::format("{}: another restore is at work in this database: {}", connection.described(), who),
      "wait for its end; if its host is dead, end the backend with pg_terminate_backend()");
}

/// The server goes on with a statement though the client was killed: so what is left of an interrupted
/// restore ends before we look at what it did.
void end_orphans(Connection& connection, int own_pid, const std::stop_token& stop) {
  const std::string orphans = fmt::format(
      " FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() AND application_name "
      "= {}"
      " AND pid NOT IN ({}, pg_catalog.pg_backend_pid())",
      quote_literal(kRestoreApplication), own_pid);
  const auto gone = [&] {
    return connection.query("SELECT pg_catalog.pg_terminate_backend(pid)" + orphans).rows() == 0;
  };
  if (soon(kPatienceForOrphans, stop, gone)) return;
  const Result left = connection.query("SELECT pid" + orphans);
  throw Refused(fmt::format("{}: a session of the interrupted restore does not end: backend {}",
                            connection.described(), left.rows() > 0 ? left.text(0, 0) : "unknown"),
                "look at it in pg_stat_activity; then run it again");
}

std::string insert_step(RestoreStep step, std::string_view state) {
  return fmt::format("INSERT INTO pgassay_restore.step VALUES ({}, '{}') ON CONFLICT DO NOTHING; ",
                     quote_literal(std::string(to_string(step))), state);
}

/// `typed`: the record has columns for more than the text; one that an older pgassay made has not.
template <typename Line>
std::string insert_said(bool lost, const Line& said, bool typed) {
  if (!typed)
    return fmt::format("INSERT INTO pgassay_restore.said (lost, line) VALUES ({}, {}); ", lost,
                       literal(said.text));
  return fmt::format(
      "INSERT INTO pgassay_restore.said (lost, line, kind, object, sqlstate) VALUES ({}, {}, {}, {}, {}); ",
      lost, literal(said.text), quote_literal(std::string(to_string(said.kind))), literal(said.object),
      quote_literal(said.sqlstate));
}

bool has_typed_lines(Connection& target) {
  return target
             .query(
                 "SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
                 " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
                 "'pgassay_restore'"
                 " AND c.relname = 'said' AND a.attname IN ('kind', 'object', 'sqlstate') AND NOT "
                 "a.attisdropped")
             .rows() == 3;
}

void read_said(Connection& target, Unfinished& left) {
  const bool typed = has_typed_lines(target);
  const Result said = target.query(
      fmt::format("SELECT lost, pg_catalog.encode(line, 'hex'), {} FROM pgassay_restore.said",
                  typed ? "kind, pg_catalog.encode(object, 'hex'), sqlstate" : "NULL, NULL, NULL"));
  for (int row = 0; row < said.rows(); ++row) {
    const std::string text = from_hex(said.text(row, 1)), kind = said.text(row, 2),
                      object = from_hex(said.text(row, 3)), sqlstate = said.text(row, 4);
    if (said.boolean(row, 0))
      left.lost.push_back({parse_loss_kind(kind), object, sqlstate, text});
    else
      left.notes.push_back({parse_note_kind(kind), object, sqlstate, text});
  }
}

Unfinished read_unfinished(Connection& target) {
  Unfinished left;
  const Result run = target.query(
      "SELECT format, pg_catalog.encode(backup, 'hex'), pg_catalog.encode(manifest_sha, 'hex'),"
      " pg_catalog.encode(options, 'hex'), pg_catalog.date_trunc('second', since) FROM pgassay_restore.run");
  if (run.rows() != 1 || run.integer(0, 0) != kFormat)
    throw Refused(fmt::format("{}: holds a restore of another version of pgassay", target.described()),
                  "go on with that version, or drop the database and restore it anew");
  left.mark = {from_hex(run.text(0, 1)), from_hex(run.text(0, 2)), from_hex(run.text(0, 3))};
  left.since = run.text(0, 4);
  const Result steps = target.query("SELECT name, state FROM pgassay_restore.step");
  for (int row = 0; row < steps.rows(); ++row)
    if (const auto step = parse_restore_step(steps.text(row, 0)))
      (steps.text(row, 1) == "finished" ? left.finished : left.begun).insert(*step);
  const Result files = target.query("SELECT pg_catalog.encode(file, 'hex') FROM pgassay_restore.part");
  for (int row = 0; row < files.rows(); ++row) left.files.insert(from_hex(files.text(row, 0)));
  read_said(target, left);
  return left;
}

/// Statements that switch every event trigger off, and back to what it was.
std::pair<std::string, std::string> event_triggers(Connection& connection) {
  const Result triggers = connection.query(
      "SELECT pg_catalog.format('ALTER EVENT TRIGGER %I DISABLE; ', evtname), pg_catalog.format('ALTER EVENT "
      "TRIGGER %I"
      " ENABLE %s; ', evtname, CASE evtenabled WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' ELSE '' END)"
      " FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D'");
  std::pair<std::string, std::string> out;
  for (int row = 0; row < triggers.rows(); ++row) {
    out.first += triggers.text(row, 0);
    out.second += triggers.text(row, 1);
  }
  return out;
}

}  // namespace

std::optional<Unfinished> find_unfinished(Connection& target) {
  const Result there = target.query(
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = 'pgassay_restore' AND c.relname = 'run'");
  if (there.rows() == 0) return std::nullopt;
  return read_unfinished(target);
}

bool holds_a_record(const Manifest& manifest) {
  return std::ranges::any_of(manifest.relations,
                             [](const Relation& relation) { return relation.name.schema == kSchema; });
}

void remove_record(Connection& target, std::vector<Note>& notes) {
  const std::string drop = "DROP SCHEMA IF EXISTS pgassay_restore CASCADE; ";
  const auto [off, on] = event_triggers(target);
  std::string problem, sqlstate;
  for (const std::string& sql : {off + drop + on, drop}) {
    try {
      target.query("BEGIN; " + sql + "COMMIT");
      return;
    } catch (const ServerError& error) {
      target.query("ROLLBACK");
      problem = error.what();
      sqlstate = error.sqlstate();
    }
  }
  notes.push_back(
      {NoteKind::record, kSchema, sqlstate,
       fmt::format("schema pgassay_restore, the record of this restore, is still there, drop it: {}",
                   problem)});
}

void check_may_go_on(const Unfinished& left, const RestoreMark& mark, bool resume,
                     const std::string& database) {
  const std::string anew = fmt::format("DROP DATABASE {} and restore anew", quote_identifier(database));
  const std::string what = fmt::format("database \"{}\" holds an unfinished restore of {}, begun at {}",
                                       database, left.mark.backup, left.since);
  if (left.mark.backup != mark.backup || left.mark.manifest_sha != mark.manifest_sha)
    throw Refused(fmt::format("{}: it is not gone on with from {}", what,
                              left.mark.backup == mark.backup ? "a backup of that name with another manifest"
                                                              : "another backup"),
                  fmt::format("restore {} with --resume, or {}", left.mark.backup, anew));
  if (!resume) throw Refused(what, fmt::format("go on with it: say the same with --resume; or {}", anew));
  if (left.mark.options == mark.options) return;
  const auto shown = [](const std::string& options) { return options.empty() ? "no options" : options; };
  throw Refused(fmt::format("{}, with {}; it can't be gone on with {}", what, shown(left.mark.options),
                            shown(mark.options)),
                fmt::format("say the same options with --resume, or {}", anew));
}

void RestoreRecord::open(const ConnInfo& target, const RestoreMark& mark, bool go_on, int own_pid,
                         std::vector<Note>& notes, std::stop_token stop) {
  connection_ = Connection::open(target, kRestoreApplication, stop);
  start_loading_session(*connection_);
  const auto locked = [this] {
    return connection_->query(fmt::format("SELECT pg_catalog.pg_try_advisory_lock({})", kLock)).boolean(0, 0);
  };
  if (!soon(kPatienceForLock, stop, locked)) throw_locked(*connection_);
  if (go_on) {
    // Who has become another role does not see the sessions of the user that it was.
    if (!target.role.empty()) connection_->query("RESET ROLE");
    end_orphans(*connection_, own_pid, stop);
    if (!target.role.empty()) connection_->query("SET ROLE " + quote_identifier(target.role));
    left_ = read_unfinished(*connection_);
    typed_ = has_typed_lines(*connection_);
    finished_ = left_.finished;
    files_ = left_.files;
    recording_ = true;
    return;
  }
  try {
    connection_->query(
        fmt::format("BEGIN; {} INSERT INTO pgassay_restore.run VALUES ({}, {}, {}, {}); COMMIT", kMake,
                    kFormat, literal(mark.backup), literal(mark.manifest_sha), literal(mark.options)));
    recording_ = true;
  } catch (const ServerError& error) {
    connection_->query("ROLLBACK");
    notes.push_back(
        {NoteKind::record, kSchema, error.sqlstate(),
         fmt::format("an interruption can't be gone on with, for no record can be kept: {}", error.what())});
  }
}

void RestoreRecord::begin(RestoreStep step) {
  begun_.insert(step);
  if (recording_) connection_->query(insert_step(step, "begun"));
}

void RestoreRecord::finish(RestoreStep step, std::span<const Loss> lost, std::span<const Note> notes) {
  finished_.insert(step);
  if (!recording_) return;
  std::string sql = "BEGIN; " + insert_step(step, "finished");
  for (const Loss& loss : lost) sql += insert_said(true, loss, typed_);
  for (const Note& note : notes) sql += insert_said(false, note, typed_);
  connection_->query(sql + "COMMIT");
}

bool RestoreRecord::has(const Part& part) const {
  const std::lock_guard guard(mutex_);
  return files_.contains(part.file);
}

std::string RestoreRecord::record_sql(const Part& part) const {
  return recording_ ? fmt::format("INSERT INTO pgassay_restore.part VALUES ({}); ", literal(part.file)) : "";
}

void RestoreRecord::loaded(const Part& part) {
  const std::lock_guard guard(mutex_);
  files_.insert(part.file);
}

std::pair<std::uint64_t, std::uint64_t> RestoreRecord::loaded(const Manifest& manifest) const {
  std::uint64_t rows = 0, bytes = 0;
  for (const Relation& relation : manifest.relations)
    for (const Part& part : relation.parts)
      if (has(part)) {
        rows += part.digest.rows;
        bytes += part.raw;
      }
  for (const Part& part : manifest.large_objects.parts)
    if (has(part)) bytes += part.raw;
  return {rows, bytes};
}

void RestoreRecord::remove(std::vector<Note>& notes) {
  if (recording_) remove_record(*connection_, notes);
  recording_ = false;
}

std::string RestoreRecord::told(const Manifest& manifest) const {
  if (!finished(RestoreStep::pre_data))
    return begun_.contains(RestoreStep::pre_data) ? "some of its tables, no rows" : "nothing yet";
  std::uint64_t files = 0, all_files = 0, rows = 0, all_rows = 0;
  for (const Relation& relation : manifest.relations)
    for (const Part& part : relation.parts) {
      if (part.digest.rows == 0) continue;
      ++all_files;
      all_rows += part.digest.rows;
      if (!has(part)) continue;
      ++files;
      rows += part.digest.rows;
    }
  const char* after = finished(RestoreStep::post_data)          ? "its indexes and constraints"
                      : begun_.contains(RestoreStep::post_data) ? "some of its indexes and constraints"
                                                                : "no indexes and constraints";
  return fmt::format("its tables, {} of {} files of rows ({} of {} rows), {}", files, all_files, rows,
                     all_rows, after);
}

}  // namespace pgassay::restore
