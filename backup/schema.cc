#include "backup/schema.h"

#include <fmt/format.h>

#include <utility>

#include "backup/attempt.h"
#include "core/postgres/conninfo_text.h"
#include "core/postgres/session.h"
#include "core/postgres/tool_words.h"
#include "core/repository/identity.h"

namespace pgassay::backup {
namespace {

Command child(const ChildAccess& access, const PgTool& tool) {
  Command command;
  command.argv = tool.argv;
  command.env = access.environment;
  if (!tool.server_address.empty()) command.env["PGAPPNAME"] = access.name_inside;
  // A role's or the environment's client encoding would be the archive's.
  command.argv.push_back("--encoding=" + access.encoding);
  return command;
}

/// pg_dump says which statement failed; it is its own, and so in no language.
bool waits_for_a_lock(std::string_view words) {
  return words.find("LOCK TABLE") != std::string_view::npos;
}

/// The tool writes to a descriptor of ours, so that a server's container can run it too and the file is
/// private.
StoredFile run_into(const PgTool& tool, Command command, const Place& dir, std::string_view name,
                    std::vector<ToolWords>& said, std::stop_token stop) {
  const Place file = dir / name;
  Fd out = create_file(file);
  command.stdout_fd = out.get();
  const Completed done = run(command, stop);
  close_checked(std::move(out), file.path());
  if (!done.ok()) {
    const std::string what = fmt::format("{} failed: {}", tool.shown(), done.complaint());
    // The parameter's name, in a hint of whatever language.
    if (done.err.find("max_locks_per_transaction") != std::string::npos)
      throw Refused(what, "raise max_locks_per_transaction on the server: pg_dump locks all tables at once");
    if (waits_for_a_lock(done.err)) throw SchemaBlocked(what);
    throw ToolFailed(what, "run it by hand with the same connection to see more");
  }
  const std::string program = name == kGlobalsFile ? "pg_dumpall" : "pg_dump";
  for (std::string& line : telling_words(program, done.err)) said.push_back({program, std::move(line)});
  const HashedFile hashed = hash_file(file);
  if (hashed.bytes == 0)
    throw Error(fmt::format("{} wrote nothing, though it reported success", tool.shown()));
  return {std::string(name), hashed.bytes, hashed.sha};
}

/// An archive of what `what` says, as of the snapshot, without the newcomers.
Command pg_dump_command(const ChildAccess& access, const PgTool& pg_dump,
                        std::initializer_list<std::string> what, const Snapshot* snapshot,
                        const std::vector<Newcomer>& newcomers, Seconds lock_timeout) {
  Command command = child(access, pg_dump);
  std::vector<std::string>& argv = command.argv;
  argv.insert(argv.end(), what);
  argv.insert(argv.end(),
              {"--format=custom", "--no-password",
               fmt::format("--lock-wait-timeout={}", static_cast<long>(lock_timeout.count() * 1000)),
               "--dbname=" + access.conninfo_for(pg_dump)});
  if (snapshot) argv.push_back("--snapshot=" + snapshot->id);
  // In quotes a name is no pattern.
  for (const Newcomer& newcomer : newcomers) argv.push_back("--exclude-table=" + newcomer.name.quoted());
  return command;
}

/// A session of our own where the tool's was.
Connection connect_again(const ChildAccess& access, std::stop_token stop) {
  ConnInfo info = ConnInfo::parse(access.conninfo);
  const auto password = access.environment.find("PGPASSWORD");
  if (password != access.environment.end()) info.parameters["password"] = password->second;
  info.parameters["connect_timeout"] = "3";
  return Connection::open(info, kApplicationName, std::move(stop));
}

/// When an engine's client is ended, what it started in the container goes on: its session must be ended.
void end_sessions(const ChildAccess& access) noexcept {
  try {
    connect_again(access, {})
        .query(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE "
            "application_name "
            "= $1",
            {access.name_inside});
  } catch (const std::exception&) {
    // Then it ends by itself, when it has written all.
  }
}

/// What pg_dumpall writes down, as far as it can change under its hands.
struct SharedObjects {
  std::optional<std::vector<RoleFacts>> roles;
  std::string names;  ///< empty: they can't be said
  friend bool operator==(const SharedObjects&, const SharedObjects&) = default;
};

SharedObjects shared_objects(const ChildAccess& access, const std::stop_token& stop) {
  SharedObjects all;
  try {
    Connection connection = connect_again(access, stop);
    start_reading_session(connection);
    try {
      all.roles = read_roles(connection);
    } catch (const ServerError&) {
      // A name or a comment that is none in this database's encoding. The names are told all the same:
    }
    connection.query("SET client_encoding TO '" + access.encoding + "'");
    const Result rows = connection.query(
        "SELECT 'r', oid, rolname::pg_catalog.text FROM pg_catalog.pg_roles"
        " UNION ALL SELECT 'm', roleid, member::pg_catalog.text FROM pg_catalog.pg_auth_members"
        " UNION ALL SELECT 't', oid, spcname FROM pg_catalog.pg_tablespace ORDER BY 1, 2, 3");
    for (int row = 0; row < rows.rows(); ++row)
      all.names += rows.text(row, 0) + rows.text(row, 1) + " " + rows.text(row, 2) + "\n";
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
  }
  return all;
}

/// Those of before and of afterwards; the ones that changed meanwhile are in doubt.
std::optional<std::vector<RoleFacts>> settled(const SharedObjects& before, const SharedObjects& after) {
  if (!before.roles || !after.roles) return std::nullopt;
  std::map<std::string, std::pair<const RoleFacts*, const RoleFacts*>> seen;
  for (const RoleFacts& role : *before.roles) seen[role.name].first = &role;
  for (const RoleFacts& role : *after.roles) seen[role.name].second = &role;
  std::vector<RoleFacts> all;
  for (const auto& [name, facts] : seen) {
    const auto& [then, now] = facts;
    RoleFacts doubtful;
    doubtful.name = name;
    doubtful.in_doubt = true;
    all.push_back(then && now && *then == *now ? *then : std::move(doubtful));
  }
  return all;
}

/// Is there a role or a tablespace whose name is none in the database's encoding? It was made in a database
/// of another one, and whoever asks about it by its name is refused.
bool has_a_name_in_another_encoding(const ChildAccess& access, const std::stop_token& stop) {
  constexpr std::string_view kNotInRepertoire = "22021", kUntranslatable = "22P05";
  try {
    Connection connection = connect_again(access, stop);
    connection.query("SET client_encoding TO '" + access.encoding + "'");
    const Result names = connection.query(
        "SELECT rolname FROM pg_catalog.pg_roles UNION ALL SELECT spcname FROM pg_catalog.pg_tablespace");
    for (int row = 0; row < names.rows(); ++row) connection.query("SELECT $1::text", {names.text(row, 0)});
  } catch (const ServerError& error) {
    return error.sqlstate() == kNotInRepertoire || error.sqlstate() == kUntranslatable;
  } catch (const Error&) {
    // The server is gone: what the tool said is told.
  }
  return false;
}

/// pg_dumpall reads without a snapshot: a role that is dropped meanwhile may end it, and one that is altered
/// may be in it as it was before or as it is. Where the roles are others afterwards it is tried again.
constexpr int kGlobalsAttempts = 3;

StoredFile run_tool(const ChildAccess& access, const PgTool& tool, Command command, const Place& dir,
                    std::string_view name, std::vector<ToolWords>& said, const std::stop_token& stop) {
  try {
    return run_into(tool, std::move(command), dir, name, said, stop);
  } catch (const Stopped& error) {
    if (!tool.server_address.empty()) end_sessions(access);
    error.raise();
  }
}

}  // namespace

ChildAccess::ChildAccess(const Connection& connection)
    : conninfo(connection.child_conninfo()),
      user(connection.user()),
      database(connection.database()),
      encoding(connection.server_encoding()),
      environment(connection.child_environment()) {
  // A large catalog's queries look expensive enough to be compiled, which takes longer than they do.
  environment["PGOPTIONS"] += " " + child_options(connection.server_version()) + " -c jit=off";
  environment["LC_ALL"] = "C";  // their messages are read below, and the server's that they pass on
  if (connection.parameter("is_superuser") == "on") environment["PGOPTIONS"] += " -c lc_messages=C";
  environment["PGAPPNAME"] = kApplicationName;
  name_inside = fmt::format("{} {}", kApplicationName, random_hex(8));
}

std::string ChildAccess::conninfo_for(const PgTool& tool) const {
  if (tool.server_address.empty()) return conninfo;
  std::map<std::string, std::string> parameters = tool.server_address;
  parameters["user"] = user;
  parameters["dbname"] = database;
  return conninfo_text(parameters);
}

StoredFile dump_schema(const ChildAccess& access, const PgTool& pg_dump, const Snapshot* snapshot,
                       const std::vector<Newcomer>& newcomers, Seconds lock_timeout, const Place& dir,
                       std::vector<ToolWords>& said, std::stop_token stop) {
  // Large objects are ours: from 17 on pg_dump moves them to the data section, before that they are pre-data.
  Command command =
      pg_dump_command(access, pg_dump, {"--section=pre-data", "--section=post-data", "--no-blobs"}, snapshot,
                      newcomers, lock_timeout);
  return run_tool(access, pg_dump, std::move(command), dir, kSchemaFile, said, stop);
}

StoredFile dump_statistics(const ChildAccess& access, const PgTool& pg_dump, const Snapshot& snapshot,
                           const std::vector<Newcomer>& newcomers, Seconds lock_timeout, const Place& dir,
                           std::stop_token stop) {
  // In an archive of its own: in that of the schema they would need --section=data with --no-data, which
  // leaves REFRESH MATERIALIZED VIEW out.
  Command command =
      pg_dump_command(access, pg_dump, {"--statistics-only"}, &snapshot, newcomers, lock_timeout);
  std::vector<ToolWords> said;
  return run_tool(access, pg_dump, std::move(command), dir, kStatisticsFile, said, stop);
}

Globals dump_globals(const ChildAccess& access, const PgTool& pg_dumpall, bool role_passwords,
                     const Place& dir, std::vector<ToolWords>& said, std::stop_token stop) {
  Command command = child(access, pg_dumpall);
  const std::string conninfo = access.conninfo_for(pg_dumpall);
  // pg_dumpall ignores the database in --dbname; it would try postgres and template1, which may be closed to
  // us. What --database says it takes for a conninfo where it looks like one, as the name "a=b" does.
  command.argv.insert(command.argv.end(),
                      {"--globals-only", "--no-password", "--database=" + conninfo, "--dbname=" + conninfo});
  if (!role_passwords) command.argv.push_back("--no-role-passwords");
  Globals globals;
  SharedObjects before = shared_objects(access, stop);
  for (int attempt = 1; !globals.left_out; ++attempt) {
    const bool last = attempt == kGlobalsAttempts;
    SharedObjects after;
    try {
      std::vector<ToolWords> words;
      globals.file = run_tool(access, pg_dumpall, command, dir, kGlobalsFile, words, stop);
      after = shared_objects(access, stop);
      if (before.roles == after.roles || last) {
        said.insert(said.end(), words.begin(), words.end());
        globals.roles = settled(before, after);
        return globals;
      }
    } catch (const ToolFailed& error) {
      after = shared_objects(access, stop);
      if (has_a_name_in_another_encoding(access, stop)) {
        // The database's own rows must not go without a backup for that.
        globals.left_out = {"roles and tablespaces", error.what()};
      } else if (before == after || last) {
        error.raise();
      }
    }
    before = std::move(after);
    remove_tree(dir / kGlobalsFile);
  }
  write_new_file(dir / kGlobalsFile,
                 "-- No roles: pg_dumpall could not write them.\n\n"
                 "--\n-- PostgreSQL database cluster dump complete\n--\n\n");
  const HashedFile hashed = hash_file(dir / kGlobalsFile);
  globals.file = {std::string(kGlobalsFile), hashed.bytes, hashed.sha};
  return globals;
}

}  // namespace pgassay::backup
