#include "restore/whole/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "core/postgres/tool_words.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"
#include "restore/application_name.h"
#include "restore/archive/archive_sql.h"
#include "restore/whole/host_needs.h"
#include "restore/whole/mend.h"

namespace pgassay::restore {
namespace {

constexpr std::string_view kPrefix = "pg_restore: ", kErrorPrefix = "pg_restore: error: ",
                           kQueryFailed = "could not execute query: ", kServerError = "ERROR:  ",
                           kCommandWas = "Command was: ", kIgnored = "errors ignored on restore: ",
                           kDeadlock = "40P01";

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// Options of servers and user mappings, connections of subscriptions and passwords of roles are secrets, and
/// so is all that follows.
std::string without_secrets(std::string line) {
  std::string upper = line;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  for (const char* before :
       {" OPTIONS (", " CONNECTION '", " CONNECTION E'", " PASSWORD '", " PASSWORD E'"}) {
    const auto at = upper.find(before);
    if (at == std::string::npos) continue;
    upper.resize(at);
    line = line.substr(0, at) + " …";
  }
  return line;
}

/// Lines of an error that quote the statement, or a row of the data.
bool quotes_contents(std::string_view line) {
  for (const std::string_view begin : {"LINE ", "QUERY:  ", "DETAIL:  Key (", "DETAIL:  Failing row"})
    if (line.starts_with(begin)) return true;
  const auto first = line.find_first_not_of(' ');
  return first != std::string_view::npos && line.substr(first) == "^";
}

/// On one line, and only as much as names the object.
std::string shortened(const std::string& command) {
  constexpr std::size_t kLongest = 120;
  std::string line;
  for (const char c : command)
    if (c != '\n' && c != '\t' && c != ' ')
      line.push_back(c);
    else if (!line.ends_with(' '))
      line.push_back(' ');
  while (line.ends_with(' ') || line.ends_with(';')) line.pop_back();
  if (line.size() <= kLongest) return without_secrets(line);
  const auto continues = [&](std::size_t at) {
    return (static_cast<unsigned char>(line[at]) & 0xc0) == 0x80;
  };
  std::size_t end = kLongest;
  while (continues(end)) --end;
  return without_secrets(line.substr(0, end) + "…");
}

/// The reader of problems knows their English words. Only who may set the language may say so in PGOPTIONS.
bool speaks_english(Connection& target) {
  try {
    target.query("SET lc_messages TO 'C'");
    return true;
  } catch (const ServerError&) {
    return false;
  }
}

/// Words of the server, and of libpq, by the SQLSTATE that they stand for.
std::string sqlstate_of(std::string_view message) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"deadlock detected", kDeadlock},
      {"No space left on device", "53100"},
      {"Disk quota exceeded", "53100"},
      {"out of memory", "53200"},
      {"out of shared memory", "53200"},
      {"Cannot allocate memory", "53200"},
      {"could not resize shared memory segment", "53200"},
      {"too many clients", "53300"},
      {"terminating connection", "57P01"},
      {"server closed the connection", "57P02"},
      {"connection to server was lost", "57P02"},
      {"the database system is", "57P03"},
  };
  for (const auto& [words, sqlstate] : kWords)
    if (message.find(words) != std::string_view::npos) return std::string(sqlstate);
  return {};
}

std::string why_harmless(const SchemaProblem& problem) {
  const auto says = [&](std::string_view words) { return problem.message.find(words) != std::string::npos; };
  const auto does = [&](std::string_view words) { return problem.command.starts_with(words); };
  if (says("schema \"public\" already exists") && does("CREATE SCHEMA public"))
    return "every new database has it";
  if (says("must be owner of extension") && does("COMMENT ON EXTENSION"))
    return "only an extension's owner may comment on it; it has the comment of its control file";
  if (says("subscription \"") && says("\" does not exist") && does("COMMENT ON SUBSCRIPTION"))
    return "the subscription itself was not restored";
  if (says("unrecognized configuration parameter \"transaction_timeout\"") &&
      does("SET transaction_timeout = 0"))
    return "this server has no such time-out";
  return {};
}

/// The same by the SQLSTATE, of a server that speaks another language
/// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
bool is_there_by_sqlstate(const SchemaProblem& problem) {
  const auto does = [&](std::string_view words) { return problem.command.find(words) != std::string::npos; };
  const std::string& state = problem.sqlstate;
  for (const std::string_view duplicate : {"42P07", "42710", "42P06", "42723", "42701"})
    if (state == duplicate) return true;
  return (state == "42P16" && does(" PRIMARY KEY ")) || (state == "42809" && does(" ATTACH PARTITION ")) ||
         (state == "55000" && does(" ADD GENERATED ")) ||
         (state == "23505" && problem.command.starts_with("CREATE TEXT SEARCH "));
}

std::string harmless_by_sqlstate(const SchemaProblem& problem) {
  SchemaProblem english = problem;
  const auto does = [&](std::string_view words) { return problem.command.starts_with(words); };
  const std::string& state = problem.sqlstate;
  if (state == "42P06" && does("CREATE SCHEMA public")) english.message = "schema \"public\" already exists";
  if (state == "42501" && does("COMMENT ON EXTENSION")) english.message = "must be owner of extension";
  if (state == "42704" && does("COMMENT ON SUBSCRIPTION"))
    english.message = "subscription \"\" does not exist";
  if (state == "42704" && does("SET transaction_timeout"))
    english.message = "unrecognized configuration parameter \"transaction_timeout\"";
  return why_harmless(english);
}

bool says_it_is_there(const SchemaProblem& problem) {
  constexpr const char* kWords[] = {"already exists", "is already a partition",
                                    "is already an identity column", "is already member of publication",
                                    "multiple primary keys for table"};
  const auto says = [&](std::string_view words) { return problem.message.find(words) != std::string::npos; };
  // Of these the server says only what its index says.
  if (problem.command.starts_with("CREATE TEXT SEARCH ")) return says("unique constraint \"pg_ts_");
  return std::any_of(std::begin(kWords), std::end(kWords), says);
}

std::string complaint_line(const SchemaProblem& problem) {
  return problem.command.empty() ? problem.message
                                 : fmt::format("{}: {}", shortened(problem.command), problem.message);
}

}  // namespace

std::optional<std::uint64_t> ignored_errors(std::string_view text) {
  const auto at = text.rfind(kIgnored);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t count = 0;
  const char* digits = text.data() + at + kIgnored.size();
  std::from_chars(digits, text.data() + text.size(), count);
  return count;
}

Command pg_restore_command(Connection& target, const SchemaRun& run, bool english) {
  Command command;
  command.argv = run.pg_restore.argv;
  command.argv.insert(command.argv.end(), {"-d", target.child_conninfo()});
  if (!run.section.empty()) command.argv.push_back("--section=" + run.section);
  if (run.jobs > 1) command.argv.push_back(fmt::format("--jobs={}", run.jobs));
  if (!run.owners) command.argv.emplace_back("--no-owner");
  if (!run.tablespaces) command.argv.emplace_back("--no-tablespaces");
  if (!run.subscriptions) command.argv.emplace_back("--no-subscriptions");
  if (!run.acl) command.argv.emplace_back("--no-privileges");
  if (!run.role.empty()) command.argv.push_back("--role=" + run.role);
  if (run.entries) {
    command.argv.emplace_back("--use-list=/dev/stdin");
    command.input = archive_list_of(*run.entries);
  }
  command.env = target.child_environment();
  command.env["PGAPPNAME"] = kRestoreApplication;
  command.env["PGOPTIONS"] += " " + child_options(target.server_version());
  if (english) command.env["PGOPTIONS"] += " -c lc_messages=C";
  if (!run.maintenance_work_mem.empty())
    command.env["PGOPTIONS"] += " -c maintenance_work_mem=" + run.maintenance_work_mem;
  command.env["LC_ALL"] = "C";
  return command;
}

std::vector<SchemaProblem> read_problems(std::string_view text) {
  std::vector<SchemaProblem> problems;
  std::string* growing = nullptr;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.starts_with(kErrorPrefix)) {
      std::string_view message = line.substr(kErrorPrefix.size());
      if (message.starts_with(kQueryFailed)) message.remove_prefix(kQueryFailed.size());
      if (message.starts_with(kServerError)) message.remove_prefix(kServerError.size());
      problems.emplace_back().message = message;
      growing = &problems.back().message;
    } else if (line.starts_with(kPrefix)) {
      growing = nullptr;
    } else if (line.starts_with(kCommandWas) && growing) {
      problems.back().command = line.substr(kCommandWas.size());
      growing = &problems.back().command;
    } else if (growing && growing == &problems.back().message && quotes_contents(line)) {
      continue;
    } else if (growing && (!line.empty() || growing == &problems.back().command)) {
      growing->append(growing == &problems.back().message ? " " : "\n").append(line);
    }
  }
  for (SchemaProblem& problem : problems) {
    problem.sqlstate = sqlstate_of(problem.message);
    problem.there_already = says_it_is_there(problem);
    problem.harmless = why_harmless(problem);
  }
  return problems;
}

namespace {

/// As the inventory has it, for what a check of the inventory may be about.
std::string object_of(const std::string& sql) {
  if (const std::optional<AddedConstraint> added = read_added_constraint(sql))
    return fmt::format("{} on {}", added->name, added->owner);
  return object_made(sql).value_or(shortened(sql));
}

}  // namespace

Loss loss_by(const SchemaProblem& problem) {
  constexpr std::string_view kRefresh = "REFRESH MATERIALIZED VIEW ";
  const std::string& sql = problem.command;
  const auto begins = [&](std::string_view words) { return sql.starts_with(words); };
  Loss loss{LossKind::object, {}, problem.sqlstate, complaint_line(problem)};
  if (begins(kRefresh)) {
    loss.kind = LossKind::materialized_view;
    loss.object = sql.substr(kRefresh.size(), sql.rfind(';') - kRefresh.size());
    return loss;
  }
  if (const std::string remedy = remedy_of_host(sql, problem.sqlstate); !remedy.empty()) {
    loss.kind = LossKind::lacking;
    loss.object = shortened(sql);
    loss.text += "; " + remedy;
    return loss;
  }
  if (begins("GRANT ") || begins("REVOKE ") || begins("ALTER DEFAULT PRIVILEGES "))
    loss.kind = LossKind::privilege;
  loss.object = object_of(sql);
  return loss;
}

namespace {

/// With several jobs, what an extension's event trigger reads can lock two of them against each other. Alone
/// the statement has nobody to meet.
bool done_alone(Connection& target, SchemaProblem& problem) {
  if (problem.sqlstate != kDeadlock || problem.command.empty()) return false;
  try {
    target.query(problem.command);
    return true;
  } catch (const ServerError& error) {
    problem.message = error.what();
    problem.sqlstate = error.sqlstate();
    return false;
  }
}

/// The server's error when the statement is tried once more, in a transaction that is rolled back: pg_restore
/// shows no SQLSTATE. None: it succeeds now.
std::optional<ServerError> error_again(Connection& target, const std::string& command) {
  std::optional<ServerError> found;
  target.query("BEGIN");
  try {
    target.query(command);
  } catch (const ServerError& error) {
    found = error;
  }
  target.query("ROLLBACK");
  return found;
}

/// Of a server whose language we may not choose pg_restore's words tell nothing. Details, which may be a row,
/// are not repeated.
void ask_for_sqlstate(Connection& target, SchemaProblem& problem) {
  if (problem.command.empty()) return;
  if (const auto error = error_again(target, problem.command)) {
    problem.message = error->what();
    problem.sqlstate = error->sqlstate();
  }
  problem.there_already = is_there_by_sqlstate(problem);
  problem.harmless = harmless_by_sqlstate(problem);
}

/// Is it the server's host that lacks something? No words say so.
void ask_of_the_host(Connection& target, SchemaProblem& problem) {
  if (!problem.sqlstate.empty() || problem.there_already || !may_need_the_host(problem.command)) return;
  if (const auto error = error_again(target, problem.command)) problem.sqlstate = error->sqlstate();
}

/// What ended pg_restore. Never its raw words, which quote whole statements.
[[noreturn]] void throw_ended(const SchemaRun& run, const Completed& done) {
  const std::vector<SchemaProblem> problems = read_problems(done.err);
  const std::string what = fmt::format(
      "pg_restore of {}: schema.pgdump: {}", run.section,
      problems.empty() ? fmt::format("exit status {}", done.status) : complaint_line(problems.back()));
  if (problems.empty() || problems.back().sqlstate.empty()) throw Error(what);
  throw ServerError(what, {}, problems.back().sqlstate);
}

}  // namespace

void restore_section(Connection& target, const SchemaRun& run, std::vector<Loss>& lost,
                     std::vector<Note>& notes, std::stop_token stop) {
  const bool english = speaks_english(target);
  Command command = pg_restore_command(target, run, english);
  const Fd archive = append_archive(command, run.pg_restore, run.archive);
  const Completed done = pgassay::run(command, stop);
  const auto ignored = ignored_errors(done.err);
  if (!done.ok() && !ignored) throw_ended(run, done);
  std::uint64_t told = 0, there = 0;
  Mender mender(target, run.search_path);
  for (SchemaProblem& problem : read_problems(done.err)) {
    ++told;
    english ? ask_of_the_host(target, problem) : ask_for_sqlstate(target, problem);
    if (run.again && problem.there_already) {
      ++there;
      continue;
    }
    if (done_alone(target, problem)) {
      const std::string object = shortened(problem.command);
      notes.push_back({NoteKind::harmless, object, problem.sqlstate,
                       fmt::format("{}: deadlock detected, done again alone", object)});
      continue;
    }
    Loss loss = loss_by(problem);
    if (!problem.harmless.empty())
      notes.push_back({NoteKind::harmless, loss.object, loss.sqlstate,
                       fmt::format("{} ({})", loss.text, problem.harmless)});
    else if (std::optional<Loss> left = mender.mend({problem.command, std::move(loss)}))
      lost.push_back(std::move(*left));
  }
  for (const std::string& words : telling_words("pg_restore", done.err))
    notes.push_back({NoteKind::tool, run.section, {}, "pg_restore said: " + words});
  if (there > 0)
    notes.push_back({NoteKind::there_already,
                     run.section,
                     {},
                     fmt::format("{}: {} objects of it were there already", run.section, there)});
  // With --jobs pg_restore counts each error more than once.
  if (run.jobs > 1 ? ignored.value_or(0) > 0 && told == 0 : ignored.value_or(0) > told)
    lost.push_back(
        {LossKind::uncounted,
         run.section,
         {},
         fmt::format("{}: {} errors of pg_restore, of which {} are known", run.section, *ignored, told)});
}

}  // namespace pgassay::restore
