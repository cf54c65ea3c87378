#include "backup/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/postgres/session.h"
#include "core/repository/layout.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

using Weight = PreflightFinding::Weight;

/// Itself, or the nearest directory above it that is there.
Path existing_part(Path path) {
  path = std::filesystem::absolute(path).lexically_normal();
  while (path.has_relative_path() && status_of(path).type() == std::filesystem::file_type::not_found)
    path = path.parent_path();
  return path;
}

PreflightFinding writable(const Path& root, const Path& there) {
  const bool made = there == std::filesystem::absolute(root).lexically_normal();
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    return {"repository", Weight::refused, fmt::format("{}: {}", there.string(), std::strerror(errno)),
            "give the directory to the user that backs up (chown, chmod 700), mount it read-write, or name "
            "another "
            "with --repo"};
  if (made) return {"repository", Weight::passed, root.string() + " can be written", {}};
  return {"repository", Weight::passed, root.string() + " is not there yet and can be made", {}};
}

/// The repository, if there is one to open.
std::optional<Repository> open_repository(const Path& root, std::vector<PreflightFinding>& findings) {
  const Path there = existing_part(root);
  findings.push_back(writable(root, there));
  if (status_of(root / "pgassay.json").type() == std::filesystem::file_type::not_found) {
    if (status_of(root).type() != std::filesystem::file_type::not_found && !list_names(root).empty())
      findings.push_back({"repository", Weight::refused,
                          root.string() + " is no repository, and holds something else",
                          "name an empty or absent directory with --repo"});
    return std::nullopt;
  }
  try {
    return Repository::open(root);
  } catch (const Error& error) {
    findings.push_back({"repository", Weight::refused, error.what(), error.hint()});
    return std::nullopt;
  }
}

/// Does a run hold the database's lock now? Looks without taking it away from anybody for longer than a
/// moment.
PreflightFinding lock_of(const Path& root, const std::string& source, const std::string& database) {
  const Path file = root / encode_name(source) / encode_name(database) / ".lock";
  if (status_of(file).type() == std::filesystem::file_type::not_found)
    return {"lock", Weight::passed, "nobody has backed this database up yet", {}};
  const Fd fd = open_for_reading(file);
  if (try_lock(fd, LockMode::shared)) return {"lock", Weight::passed, "no other run", {}};
  std::string holder = read_file(file, 4096);
  while (holder.ends_with('\n')) holder.pop_back();
  return {"lock", Weight::warning, "another run holds it: " + holder,
          "a backup that starts now ends with 5; wait for the other to end"};
}

std::string passed_words(const std::string& check, const Connection& connection, const Preflight& result) {
  const ServerFacts& server = result.server;
  if (check == "server")
    return fmt::format("{}: PostgreSQL {}{}", connection.described(), server.version_text,
                       server.standby ? ", a standby" : "");
  if (check == "privileges")
    return fmt::format("{} may read all of it{}", connection.user(),
                       server.superuser ? ", as a superuser" : "");
  if (check == "lock table")
    return fmt::format("max_locks_per_transaction = {} is enough", server.max_locks_per_transaction);
  if (check == "disk") return fmt::format("room for a database of {} MiB", server.database_bytes >> 20);
  if (check == "clock") return "the server's and this host's agree";
  if (check == "pg_dump")
    return fmt::format("{} {}", result.pg_dump.argv.back(), result.pg_dump.version_text);
  return {};
}

void examine_server(Connection& connection, const Path& root, const std::optional<Repository>& repository,
                    const BackupOptions& options, std::vector<PreflightFinding>& findings,
                    std::stop_token stop) {
  start_reading_session(connection);
  const std::string database = connection.database();
  std::optional<Backup> newest;
  if (repository) newest = repository->newest(options.source, database);
  Preflight result;
  for (PreflightFinding& finding : examine(connection, existing_part(root), options, newest, result, stop)) {
    if (finding.weight == Weight::passed) finding.text = passed_words(finding.check, connection, result);
    findings.push_back(std::move(finding));
  }
  for (const LeftOut& left_out : result.left_out)
    findings.push_back({"left out", Weight::warning, left_out.what + ": " + left_out.why, {}});
  findings.push_back(lock_of(root, options.source, database));
}

PreflightFinding client_programs(std::stop_token stop) {
  std::vector<std::string> found;
  for (const PgTool& tool : find_pg_tools("pg_dump", stop))
    found.push_back(tool.argv.back() + " " + tool.version_text);
  if (found.empty())
    return {"client programs", Weight::refused, "no pg_dump in PATH or /usr/lib/postgresql/*/bin",
            "apt install postgresql-client-15, or of your server's major version"};
  return {"client programs", Weight::passed, fmt::format("{}", fmt::join(found, ", ")), {}};
}

PreflightFinding drill_engines(std::stop_token stop) {
  std::vector<std::string> found;
  for (const char* engine : {"docker", "podman"})
    if (!find_program(engine).empty()) found.emplace_back(engine);
  for (const PgTool& tool : find_pg_tools("postgres", stop))
    found.push_back("a local server, " + tool.version_text);
  if (found.empty())
    return {"drill engines", Weight::warning, "neither docker nor podman, nor a server's own programs",
            "backups can be restored for trial only where one of them is: apt install docker.io, or "
            "postgresql-15"};
  return {"drill engines", Weight::passed, fmt::format("{}", fmt::join(found, ", ")), {}};
}

}  // namespace

bool Diagnosis::can_back_up() const {
  return std::ranges::none_of(findings,
                              [](const PreflightFinding& one) { return one.weight == Weight::refused; });
}

Diagnosis examine_source(const Path& root, const BackupOptions& options, std::stop_token stop) {
  Diagnosis diagnosis{options.source, {}};
  std::optional<Repository> repository = open_repository(root, diagnosis.findings);
  try {
    Connection connection = Connection::open(options.connection, kApplicationName, stop);
    examine_server(connection, root, repository, options, diagnosis.findings, stop);
  } catch (const Stopped&) {
    throw;
  } catch (const Error& error) {
    diagnosis.findings.push_back({"server", Weight::refused, error.what(), error.hint()});
  }
  return diagnosis;
}

Diagnosis examine_host(const std::optional<Path>& repository, std::stop_token stop) {
  Diagnosis diagnosis{"this host", {}};
  diagnosis.findings = {client_programs(stop), drill_engines(stop)};
  if (repository) open_repository(*repository, diagnosis.findings);
  return diagnosis;
}

}  // namespace pgassay
