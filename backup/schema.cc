#include "backup/schema.h"

#include <fmt/format.h>

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

enum class DumpFailure { other, waits_for_a_lock, object_is_gone, name_in_another_encoding };

/// The one place that reads the words of pg_dump and pg_dumpall, and of the server behind them: they show no
/// SQLSTATE.
DumpFailure read_failure(std::string_view words) {
  const auto says = [&](std::string_view sign) { return words.find(sign) != std::string_view::npos; };
  if (says("LOCK TABLE")) return DumpFailure::waits_for_a_lock;
  if (says("cache lookup failed") || says("could not open relation") || says("does not exist"))
    return DumpFailure::object_is_gone;
  return says("invalid byte sequence") ? DumpFailure::name_in_another_encoding : DumpFailure::other;
}

/// A name can't be converted to the database's encoding.
class NameInAnotherEncoding : public ErrorAs<NameInAnotherEncoding, ErrorKind::failed> {
 public:
  using ErrorAs::ErrorAs;
};

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
    const std::string by_hand = "run it by hand with the same connection to see more";
    switch (read_failure(done.err)) {
      case DumpFailure::waits_for_a_lock:
        throw SchemaBlocked(what);
      case DumpFailure::object_is_gone:
        throw TryAgain(what);
      case DumpFailure::name_in_another_encoding:
        throw NameInAnotherEncoding(what, by_hand);
      case DumpFailure::other:
        throw Error(what, by_hand);
    }
  }
  const std::string program = name == kSchemaFile ? "pg_dump" : "pg_dumpall";
  for (std::string& line : telling_words(program, done.err)) said.push_back({program, std::move(line)});
  const HashedFile hashed = hash_file(file);
  if (hashed.bytes == 0)
    throw Error(fmt::format("{} wrote nothing, though it reported success", tool.shown()));
  return {std::string(name), hashed.bytes, hashed.sha};
}

/// When an engine's client is ended, what it started in the container goes on: its session must be ended.
void end_sessions(const ChildAccess& access) noexcept {
  try {
    ConnInfo info = ConnInfo::parse(access.conninfo);
    const auto password = access.environment.find("PGPASSWORD");
    if (password != access.environment.end()) info.parameters["password"] = password->second;
    info.parameters["connect_timeout"] = "3";
    Connection connection = Connection::open(info, kApplicationName, {});
    connection.query(
        "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name "
        "= $1",
        {access.name_inside});
  } catch (const std::exception&) {
    // Then it ends by itself, when it has written all.
  }
}

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
  environment["PGOPTIONS"] = child_options(connection.server_version()) + " -c jit=off";
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
                       Seconds lock_timeout, const Place& dir, std::vector<ToolWords>& said,
                       std::stop_token stop) {
  Command command = child(access, pg_dump);
  // Large objects are ours: from 17 on pg_dump moves them to the data section, before that they are pre-data.
  command.argv.insert(
      command.argv.end(),
      {"--format=custom", "--section=pre-data", "--section=post-data", "--no-blobs", "--no-password",
       fmt::format("--lock-wait-timeout={}", static_cast<long>(lock_timeout.count() * 1000)),
       "--dbname=" + access.conninfo_for(pg_dump)});
  if (snapshot) command.argv.push_back("--snapshot=" + snapshot->id);
  return run_tool(access, pg_dump, std::move(command), dir, kSchemaFile, said, stop);
}

StoredFile dump_globals(const ChildAccess& access, const PgTool& pg_dumpall, bool role_passwords,
                        const Place& dir, std::optional<LeftOut>& left_out, std::vector<ToolWords>& said,
                        std::stop_token stop) {
  Command command = child(access, pg_dumpall);
  const std::string conninfo = access.conninfo_for(pg_dumpall);
  // pg_dumpall ignores the database in --dbname; it would try postgres and template1, which may be closed to
  // us. What --database says it takes for a conninfo where it looks like one, as the name "a=b" does.
  command.argv.insert(command.argv.end(),
                      {"--globals-only", "--no-password", "--database=" + conninfo, "--dbname=" + conninfo});
  if (!role_passwords) command.argv.push_back("--no-role-passwords");
  try {
    return run_tool(access, pg_dumpall, std::move(command), dir, kGlobalsFile, said, stop);
  } catch (const NameInAnotherEncoding& error) {
    // A role that was made in a database of another encoding has a name that pg_dumpall cannot ask about
    // here. The database's own rows must not go without a backup for that.
    left_out = {"roles and tablespaces", error.what()};
  }
  remove_tree(dir / kGlobalsFile);
  write_new_file(dir / kGlobalsFile,
                 "-- No roles: pg_dumpall could not write them.\n\n"
                 "--\n-- PostgreSQL database cluster dump complete\n--\n\n");
  const HashedFile hashed = hash_file(dir / kGlobalsFile);
  return {std::string(kGlobalsFile), hashed.bytes, hashed.sha};
}

}  // namespace pgassay::backup
