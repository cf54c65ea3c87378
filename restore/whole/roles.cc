#include "restore/whole/roles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/postgres/releases.h"
#include "core/postgres/roles.h"
#include "proof/roles_check.h"

namespace pgassay::restore {
namespace {

using Kind = GlobalStatement::Kind;

std::set<std::string> names(Connection& connection, const std::string& sql) {
  std::set<std::string> out;
  const Result result = connection.query(sql);
  for (int row = 0; row < result.rows(); ++row) out.insert(result.text(row, 0));
  return out;
}

/// Gives the connection's encoding back at the end.
class OtherEncoding {
 public:
  OtherEncoding(Connection& connection, const std::string& encoding)
      : connection_(connection), before_(connection.parameter("client_encoding")) {
    connection_.query("SET client_encoding TO " + quote_literal(encoding));
  }
  OtherEncoding(const OtherEncoding&) = delete;
  OtherEncoding& operator=(const OtherEncoding&) = delete;
  ~OtherEncoding() {
    try {
      connection_.query("SET client_encoding TO " + quote_literal(before_));
    } catch (const Error&) {
      // The connection is lost; whoever uses it next says so.
    }
  }

 private:
  Connection& connection_;
  std::string before_;
};

/// The roles' names as the script spells them. Shared catalogs hold bytes of whatever encoding the database
/// had in which a role was made, and the script has the bytes that the backup's database saw: those are
/// looked for, unless the script will be converted for a database of another encoding.
std::set<std::string> existing_roles(Connection& connection, const std::vector<GlobalStatement>& statements,
                                     bool create) {
  std::string encoding = connection.server_encoding();
  for (const GlobalStatement& statement : statements) {
    const auto& tokens = statement.statement.tokens;
    if (statement.kind == Kind::session && statement.object == "client_encoding" && tokens[3].text.size() > 2)
      encoding = tokens[3].text.substr(1, tokens[3].text.size() - 2);
  }
  const bool same = create || encoding == connection.server_encoding();
  const OtherEncoding other(connection, same ? "SQL_ASCII" : encoding);
  return names(connection, "SELECT rolname FROM pg_catalog.pg_roles");
}

struct Powers {
  bool superuser, create_role;
  bool says_createdb;  ///< and NOCREATEDB
};

Powers our_powers(Connection& connection) {
  const Result result = connection.query(
      "SELECT rolsuper, rolsuper OR rolcreaterole, rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = "
      "current_user");
  return {result.boolean(0, 0), result.boolean(0, 1),
          result.boolean(0, 2) || !server_has(connection.server_version(), Feature::createdb_to_be_had)};
}

/// Only a superuser may say even NOSUPERUSER.
std::string as_far_as_we_may(const SqlStatement& statement, const Powers& powers, RolePlan& plan,
                             const std::string& role) {
  for (const char* attribute : {"superuser", "replication", "bypassrls"})
    if (has_word(statement, attribute))
      plan.notes.push_back(
          {NoteKind::role,
           role,
           {},
           fmt::format("role {}: created without {}: only a superuser can give it", role, attribute)});
  std::vector<std::string> unsaid = {"superuser",     "nosuperuser", "replication",
                                     "noreplication", "bypassrls",   "nobypassrls"};
  if (!powers.says_createdb) {
    unsaid.insert(unsaid.end(), {"createdb", "nocreatedb"});
    if (has_word(statement, "createdb"))
      plan.notes.push_back(
          {NoteKind::role,
           role,
           {},
           fmt::format("role {}: created without createdb: only a role that has it can give it", role)});
  }
  return without_words(statement, unsaid);
}

GlobalStatement fitted(GlobalStatement statement, const IntoEmpty& options, const Powers& powers,
                       RolePlan& plan) {
  if (statement.kind != Kind::alter_role) return statement;
  SqlStatement& sql = statement.statement;
  if (!options.role_passwords) sql = split_statements(without_password(sql) + ";").at(0);
  if (!powers.superuser) sql.text = as_far_as_we_may(sql, powers, plan, statement.role);
  return statement;
}

/// Of existing roles: what the backup would have made of them is left alone, and said.
void note_left_alone(const GlobalStatement& statement, const std::set<std::string>& absent, RolePlan& plan) {
  if (statement.kind == Kind::membership && absent.contains(statement.object))
    plan.notes.push_back(
        {NoteKind::role,
         statement.role,
         {},
         fmt::format("role {} was here already: not made a member of {}", statement.role, statement.object)});
}

void check_powers(const RolePlan& plan, const Powers& powers, const Connection& connection) {
  if (plan.absent.empty() || powers.create_role) return;
  throw Refused(
      fmt::format("{}: may not create roles, and these of the backup are absent: {}", connection.described(),
                  fmt::join(plan.absent, ", ")),
      "connect as a superuser or a role with CREATEROLE, or create them first, or pass `--roles none`");
}

/// In a throwaway server the role that initdb made stands for the source's, and becomes what that was.
bool ours(const GlobalStatement& statement, const std::set<std::string>& absent, bool throwaway) {
  if (statement.kind == Kind::session || statement.kind == Kind::tablespace) return false;
  return absent.contains(statement.role) || (throwaway && statement.kind != Kind::create_role);
}

/// Runs one statement that may fail by itself. Returns what the server has against it.
std::optional<ServerError> try_statement(Connection& connection, const std::string& sql) {
  connection.query("SAVEPOINT pgassay");
  try {
    connection.query(sql, {});
    connection.query("RELEASE SAVEPOINT pgassay");
    return std::nullopt;
  } catch (const ServerError& error) {
    connection.query("ROLLBACK TO SAVEPOINT pgassay");
    return error;
  }
}

void grant(Connection& connection, const GlobalStatement& statement, std::vector<Loss>& lost,
           std::vector<Note>& notes) {
  const std::string& sql = statement.statement.text;
  const std::optional<ServerError> error = try_statement(connection, sql);
  if (!error) return;
  const std::string plainer = without_grantor(statement.statement);
  const bool membership = statement.kind == Kind::membership;
  const std::string what = fmt::format("role {}: {} {}", statement.role,
                                       membership ? "membership in" : "privilege on", statement.object);
  if (plainer != sql && !try_statement(connection, plainer))
    notes.push_back({NoteKind::role, statement.role, error->sqlstate(),
                     fmt::format("{}: granted by ourselves: {}", what, error->what())});
  else
    lost.push_back({membership ? LossKind::role_membership : LossKind::parameter_privilege, statement.role,
                    error->sqlstate(), fmt::format("{}: {}", what, error->what())});
}

/// Where one can't be joined, what it owns is lost and named as it is met.
void join(Connection& connection, const std::vector<std::string>& roles, std::vector<Note>& notes) {
  std::vector<std::string> joined;
  for (const std::string& role : roles)
    if (!try_statement(connection, "GRANT " + quote_identifier(role) + " TO CURRENT_USER"))
      joined.push_back(quote_identifier(role));
  if (joined.empty()) return;
  const std::string me = quote_identifier(connection.user());
  notes.push_back(
      {NoteKind::role,
       connection.user(),
       {},
       fmt::format("{0} was made a member of the roles that were made, so that they can own what is theirs; "
                   "REVOKE {1} FROM {0} takes that back",
                   me, fmt::join(joined, ", "))});
}

/// What such a role owns, or is granted, is lost and named as it is met.
void leave_out_what_cannot_be(const Connection& connection, std::vector<GlobalStatement>& statements,
                              std::set<std::string>& absent, RolePlan& plan) {
  if (!server_has(connection.server_version(), Feature::one_line_names)) return;
  const auto broken = [](const std::string& name) { return name.find_first_of("\r\n") != std::string::npos; };
  for (const std::string& role : plan.absent)
    if (broken(role))
      plan.lost.push_back({LossKind::role,
                           role,
                           {},
                           fmt::format("role {}: this server has no role with a line break", role)});
  std::erase_if(absent, broken);
  std::erase_if(plan.absent, broken);
  std::erase_if(statements, [&](const GlobalStatement& statement) {
    return broken(statement.role) || (statement.kind == Kind::membership && broken(statement.object));
  });
}

}  // namespace

RolePlan plan_roles(Connection& connection, const std::string& globals, const IntoEmpty& options) {
  RolePlan plan;
  plan.softly = options.throwaway;
  std::vector<GlobalStatement> statements;
  try {
    statements = read_globals(globals);
  } catch (const BadBackup& error) {
    if (options.roles != Roles::none) error.raise();
    plan.notes.push_back(
        {NoteKind::role,
         {},
         {},
         fmt::format("roles and tablespaces that are absent here are not known: {}", error.what())});
  }
  const std::set<std::string> existing = existing_roles(connection, statements, options.create);
  const std::set<std::string> spaces = names(connection, "SELECT spcname FROM pg_catalog.pg_tablespace");
  std::set<std::string> absent;
  for (const GlobalStatement& statement : statements) {
    if (statement.kind == Kind::session) plan.session.push_back(statement.statement.text);
    if (statement.kind == Kind::create_role && !existing.contains(statement.role))
      absent.insert(statement.role);
    const bool makes_space = statement.kind == Kind::tablespace && statement.statement.tokens[0].is("create");
    if (makes_space && !spaces.contains(statement.object))
      plan.absent_tablespaces.push_back(statement.object);
  }
  plan.absent.assign(absent.begin(), absent.end());
  if (options.roles == Roles::none) return plan;
  leave_out_what_cannot_be(connection, statements, absent, plan);

  const Powers powers = our_powers(connection);
  check_powers(plan, powers, connection);
  plan.join = !powers.superuser && options.owners;
  for (GlobalStatement& statement : statements) {
    if (ours(statement, absent, options.throwaway))
      plan.statements.push_back(fitted(std::move(statement), options, powers, plan));
    else if (!plan.join || statement.role != connection.user())  // of what we join, another note tells
      note_left_alone(statement, absent, plan);
  }
  return plan;
}

void create_roles(Connection& connection, const RolePlan& plan, std::vector<Loss>& lost,
                  std::vector<Note>& notes) {
  lost.insert(lost.end(), plan.lost.begin(), plan.lost.end());
  if (plan.statements.empty()) return;
  for (const std::string& setting : plan.session) connection.query(setting, {});
  connection.query("BEGIN");
  for (const GlobalStatement& statement : plan.statements) {
    if (statement.kind == Kind::membership || statement.kind == Kind::parameter) {
      grant(connection, statement, lost, notes);
      continue;
    }
    if (plan.softly) {
      if (const auto error = try_statement(connection, statement.statement.text))
        lost.push_back({LossKind::role, statement.role, error->sqlstate(),
                        fmt::format("role {}: {}", statement.role, error->what())});
      continue;
    }
    try {
      connection.query(statement.statement.text, {});
    } catch (const ServerError& error) {
      connection.query("ROLLBACK");
      throw Error(fmt::format("role {}: could not be created as it was: {}", statement.role, error.what()),
                  "no role was created; create it yourself, or pass `--roles none`");
    }
  }
  if (plan.join) join(connection, plan.absent, notes);
  connection.query("COMMIT");
  if (!plan.absent.empty())
    notes.push_back({NoteKind::role, {}, {}, fmt::format("created roles: {}", fmt::join(plan.absent, ", "))});
}

std::vector<Check> prove_roles(Connection& connection, const Manifest& manifest, RestoreReport& report) {
  if (!manifest.roles) return {};
  proof::RolesThere now = {read_roles(connection), {}, roles_told(report.lost)};
  for (const Note& note : report.notes)
    if (note.kind == NoteKind::role) now.told.insert(note.object);
  std::vector<RoleFacts> made, here_before;
  for (const RoleFacts& role : *manifest.roles) {
    if (role.in_doubt) continue;
    const bool ours = std::ranges::find(report.roles_made, role.name) != report.roles_made.end();
    (ours ? made : here_before).push_back(role);
  }
  for (const Check& check : proof::compare_roles(here_before, now, {}))
    if (check.verdict != Verdict::pass)
      report.notes.push_back({NoteKind::role,
                              check.id.object,
                              {},
                              fmt::format("{}: it was left as it was here: {}", check.name, check.detail)});
  return made.empty() ? std::vector<Check>() : proof::compare_roles(made, now, {});
}

}  // namespace pgassay::restore
