#include "backup/schema.h"

#include <fmt/format.h>

#include "backup/attempt.h"
#include "core/postgres/session.h"

namespace pgassay {
namespace {

Command child(const Connection& connection, const PgTool& tool) {
  Command command;
  command.argv = tool.argv;
  command.env = connection.child_environment();
  command.env["PGOPTIONS"] = child_options(connection.server_version());
  command.env["LC_ALL"] = "C";  // its messages are read below
  command.env["PGAPPNAME"] = kApplicationName;
  // A role's or the environment's client encoding would be the archive's.
  command.argv.push_back("--encoding=" + connection.server_encoding());
  return command;
}

/// The tool writes to a descriptor of ours, so that a server's container can run it too and the file is
/// private.
StoredFile run_into(Command command, const Path& dir, std::string_view name, std::stop_token stop) {
  const Path file = dir / name;
  Fd out = create_file(file);
  command.stdout_fd = out.get();
  const Completed done = run(command, stop);
  close_checked(std::move(out), file);
  if (!done.ok()) {
    const std::string what = fmt::format("{} failed: {}", command.argv.front(), done.complaint());
    if (done.err.find("LOCK TABLE") != std::string::npos) throw SchemaBlocked(what);
    throw Error(what, "run it by hand with the same connection to see more");
  }
  const HashedFile hashed = hash_file(file);
  if (hashed.bytes == 0)
    throw Error(fmt::format("{} wrote nothing, though it reported success", command.argv.front()));
  return {std::string(name), hashed.bytes, hashed.sha};
}

}  // namespace

StoredFile dump_schema(const Connection& connection, const PgTool& pg_dump, const Snapshot* snapshot,
                       double lock_timeout_seconds, const Path& dir, std::stop_token stop) {
  Command command = child(connection, pg_dump);
  // Large objects are ours: from 17 on pg_dump moves them to the data section, before that they are pre-data.
  command.argv.insert(command.argv.end(),
                      {"--format=custom", "--section=pre-data", "--section=post-data", "--no-blobs",
                       "--no-password", "--encoding=" + connection.server_encoding(),
                       fmt::format("--lock-wait-timeout={}", static_cast<long>(lock_timeout_seconds * 1000)),
                       "--dbname=" + connection.child_conninfo()});
  if (snapshot) command.argv.push_back("--snapshot=" + snapshot->id);
  return run_into(std::move(command), dir, kSchemaFile, stop);
}

StoredFile dump_globals(const Connection& connection, const PgTool& pg_dumpall, bool role_passwords,
                        const Path& dir, std::stop_token stop) {
  Command command = child(connection, pg_dumpall);
  // pg_dumpall ignores the database in --dbname; it would try postgres and template1, which may be closed to
  // us. What
  // --database says it takes for a conninfo where it looks like one, as the name "a=b" does.
  command.argv.insert(
      command.argv.end(),
      {"--globals-only", "--no-password", "--encoding=" + connection.server_encoding(),
       "--database=" + connection.child_conninfo(), "--dbname=" + connection.child_conninfo()});
  if (!role_passwords) command.argv.push_back("--no-role-passwords");
  return run_into(std::move(command), dir, kGlobalsFile, stop);
}

}  // namespace pgassay
