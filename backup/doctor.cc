#include "backup/doctor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "backup/blockers.h"
#include "backup/disk_check.h"
#include "core/postgres/releases.h"
#include "core/postgres/session.h"
#include "core/repository/directory_lock.h"
#include "core/repository/layout.h"
#include "core/repository/names.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "source/container_source.h"

namespace pgassay::backup {
namespace {

using Weight = PreflightFinding::Weight;

/// Itself, or the nearest directory above it that is there and that we can see.
Path existing_part(Path path) {
  path = std::filesystem::absolute(path).lexically_normal();
  std::error_code unseen;
  while (path.has_relative_path() && !std::filesystem::exists(path, unseen)) path = path.parent_path();
  return path;
}

PreflightFinding unwritable(const Path& dir) {
  return {"repository", Weight::refused,
          fmt::format("can't write in {}: {}", dir.string(), std::strerror(errno)),
          "give the directory to the user that backs up (chown, chmod 700), mount it read-write, or name "
          "another with --repo"};
}

bool may_write(const Path& dir) {
  return ::faccessat(AT_FDCWD, dir.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

PreflightFinding writable(const Path& root, const Path& there) {
  if (!may_write(there)) return unwritable(there);
  if (there == std::filesystem::absolute(root).lexically_normal())
    return {"repository", Weight::passed, root.string() + " can be written", {}};
  return {"repository", Weight::passed, root.string() + " is not there yet and can be made", {}};
}

/// The repository, if there is one to open.
std::optional<Repository> open_repository(const Path& root, std::vector<PreflightFinding>& findings) {
  try {
    findings.push_back(writable(root, existing_part(root)));
    if (!exists(status_of(root))) return std::nullopt;
    const Place there(root);
    if (exists(there / kRepositoryFile)) {
      Repository repository = Repository::open(root);
      if (findings.back().weight != Weight::refused)
        std::ranges::move(examine_disk(repository), std::back_inserter(findings));
      return repository;
    }
    if (!list_names(there).empty())
      findings.push_back({"repository", Weight::refused,
                          root.string() + " is no repository, and holds something else",
                          "name an empty or absent directory with --repo"});
  } catch (const Error& error) {
    // A directory that is out of our reach has been told by then.
    if (findings.empty() || findings.back().weight != Weight::refused)
      findings.push_back({"repository", Weight::refused, error.what(), error.hint()});
  }
  return std::nullopt;
}

/// Does a run hold the database's lock now? Looks without taking it away from anybody for longer than a
/// moment.
PreflightFinding lock_of(const Place& root, const std::string& source, const std::string& database) {
  const Place file = home_of(root, source, database) / ".lock";
  if (!exists(file)) return {"lock", Weight::passed, "nobody has backed this database up yet", {}};
  const Fd fd = open_for_reading(file);
  if (link_count(file) > 1)
    return {"lock", Weight::refused, file.string() + " has a second name (a hard link)",
            "move it out of the repository: pgassay makes a new one"};
  if (lock_file(fd, LockMode::shared) != Held::by_another)
    return {"lock", Weight::passed, "no other run", {}};
  std::string holder = read_file(file, 4096);
  while (holder.ends_with('\n')) holder.pop_back();
  return {"lock", Weight::warning, "another run holds it: " + holder,
          "a backup that starts now ends with 5; wait for the other to end"};
}

/// What an earlier run made as another user stands in the way though the root is ours.
void check_parts(const Place& root, const std::string& source, const std::string& database,
                 std::vector<PreflightFinding>& findings) {
  const Place home = home_of(root, source, database);
  for (const Place& dir : {root / ".partial", root / ".trash", home.parent_path(), home}) {
    if (!exists(dir)) continue;
    open_directory(dir);  // throws what it is, where it is none
    if (may_write(dir.path())) continue;
    findings.push_back(unwritable(dir.path()));
    return;
  }
}

/// This database's part of the repository; its newest backup.
std::optional<Backup> look_into(const Repository& repository, const std::string& source,
                                const std::string& database, std::vector<PreflightFinding>& findings) {
  const std::size_t before = findings.size();
  try {
    check_parts(repository.root(), source, database, findings);
    std::optional<Backup> newest = repository.newest(source, database);
    findings.push_back(lock_of(repository.root(), source, database));
    return newest;
  } catch (const Error& error) {
    // What can't be read was mostly told by then as what can't be written.
    if (findings.size() == before)
      findings.push_back({"repository", Weight::refused, error.what(), error.hint()});
    return std::nullopt;
  }
}

/// What the last drill found.
void add_functions_to_mend(const Repository& repository, const std::string& source,
                           const std::string& database, std::vector<PreflightFinding>& findings) {
  const std::vector<Backup> backups = repository.list({.source = source, .database = database});
  const auto last = std::find_if(backups.rbegin(), backups.rend(),
                                 [](const Backup& backup) { return backup.proofs.drilled.has_value(); });
  if (last == backups.rend() || last->proofs.drilled->mends.empty()) return;
  findings.push_back(
      {"functions", Weight::warning,
       fmt::format(
           "the drill of {} met functions that find no names under the empty search_path of a restore",
           last->id.stamp),
       last->proofs.drilled->mends});
}

std::string shown_mib(std::uint64_t bytes) {
  return bytes >> 20 == 0 ? "less than 1 MiB" : fmt::format("{} MiB", bytes >> 20);
}

/// What is looked at.
struct Scene {
  Connection& connection;
  Place root;  ///< or what is there of it
  std::optional<Backup> newest;
  Preflight preflight;
};

std::string room_words(const Scene& scene) {
  const std::string free =
      fmt::format("{} free in {}", shown_mib(free_bytes(scene.root)), scene.root.string());
  if (scene.newest && scene.newest->summary)
    return fmt::format("{}; the last backup took {}", free, shown_mib(scene.newest->summary->stored_bytes));
  return fmt::format("{} for a first backup of a database of {}", free,
                     shown_mib(scene.preflight.server.database_bytes));
}

std::string passed_words(const std::string& check, const Scene& scene) {
  const ServerFacts& server = scene.preflight.server;
  const Connection& connection = scene.connection;
  if (check == "server")
    return fmt::format("{}: PostgreSQL {}{}", connection.described(), server.version_text,
                       server.standby ? ", a standby" : "");
  if (check == "privileges")
    return fmt::format("{} may read all of it{}", connection.user(),
                       server.superuser ? ", as a superuser" : "");
  if (check == "binary tables") return "their columns can be kept so";
  if (check == "lock table")
    return fmt::format("max_locks_per_transaction = {} is enough", server.max_locks_per_transaction);
  if (check == "disk") return room_words(scene);
  if (check == "clock") return "the server's and this host's agree";
  if (check == "pg_dump")
    return fmt::format("{} {}", scene.preflight.pg_dump.shown(), scene.preflight.pg_dump.version_text);
  return {};
}

/// What a backup would wait for in vain.
void add_forgotten(Connection& connection, std::vector<PreflightFinding>& findings) {
  for (const Blocker& one : blockers(connection))
    if (one.forgotten) findings.push_back({"locks", Weight::warning, one.text, one.hint});
}

/// Tables that are made tomorrow, by those who made today's, in the schemas in which today's are.
void add_unreadable_tomorrow(Connection& connection, std::vector<PreflightFinding>& findings) {
  const Result rows = connection.query(R"(
    SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner), n.nspname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND n.nspname !~ '^pg_'
      AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'pg_read_all_data'
                      AND pg_catalog.pg_has_role(current_user, r.oid, 'USAGE'))
      AND NOT pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl d, LATERAL pg_catalog.aclexplode(d.defaclacl) a
                      WHERE d.defaclrole = c.relowner AND d.defaclnamespace IN (0, c.relnamespace)
                        AND d.defaclobjtype = 'r' AND a.privilege_type = 'SELECT'
                        AND (a.grantee = 0 OR pg_catalog.pg_has_role(current_user, a.grantee, 'USAGE')))
    ORDER BY 1, 2 LIMIT 10)");
  for (int row = 0; row < rows.rows(); ++row)
    findings.push_back(
        {"privileges", Weight::warning,
         fmt::format(
             "{} will not be able to read the tables that {} makes in schema {} from now on: the backup "
             "will then be refused",
             connection.user(), rows.text(row, 0), rows.text(row, 1)),
         fmt::format("{}ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {}",
                     server_has(connection.server_version(), Feature::read_all_data)
                         ? "GRANT pg_read_all_data TO " + quote_identifier(connection.user()) + "; or "
                         : "",
                     quote_identifier(rows.text(row, 0)), quote_identifier(rows.text(row, 1)),
                     quote_identifier(connection.user()))});
}

void examine_server(Connection& connection, const Path& root, const std::optional<Repository>& repository,
                    const BackupOptions& options, Diagnosis& diagnosis, std::stop_token stop) {
  start_reading_session(connection);
  std::vector<PreflightFinding>& findings = diagnosis.findings;
  const std::string database = connection.database();
  Scene scene{connection, Place(existing_part(root)), {}, {}};
  if (repository) scene.newest = look_into(*repository, options.source, database, findings);
  for (PreflightFinding& finding :
       examine(connection, scene.root, options, scene.newest, scene.preflight, stop)) {
    if (finding.weight == Weight::passed) finding.text = passed_words(finding.check, scene);
    findings.push_back(std::move(finding));
  }
  for (const LeftOut& left_out : scene.preflight.left_out)
    findings.push_back({"left out", Weight::warning, left_out.what + ": " + left_out.why, {}});
  // A server that we do not know was told of, and nothing else was asked of it.
  if (std::ranges::any_of(findings, [](const PreflightFinding& one) { return one.check == "privileges"; })) {
    add_forgotten(connection, findings);
    add_unreadable_tomorrow(connection, findings);
  }
  if (repository) add_functions_to_mend(*repository, options.source, database, findings);
  if (scene.newest && scene.newest->summary) diagnosis.raw_bytes = scene.newest->summary->raw_bytes;
  diagnosis.preflight = std::move(scene.preflight);
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

}  // namespace

bool Diagnosis::can_back_up() const {
  return std::ranges::none_of(findings,
                              [](const PreflightFinding& one) { return one.weight == Weight::refused; });
}

Diagnosis examine_source(const Path& root, const BackupOptions& given, std::stop_token stop) {
  Diagnosis diagnosis;
  diagnosis.subject = given.source;
  std::optional<Repository> repository = open_repository(root, diagnosis.findings);
  try {
    Observer nobody;
    const BackupOptions options = with_server(given, nobody, stop);
    Connection connection = Connection::open(options.connection, kApplicationName, stop);
    examine_server(connection, root, repository, options, diagnosis, stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    diagnosis.findings.push_back({"server", Weight::refused, error.what(), error.hint()});
  }
  return diagnosis;
}

Diagnosis examine_host(const Path& repository, bool needs_client_programs, std::stop_token stop) {
  Diagnosis diagnosis;
  diagnosis.subject = "this host";
  diagnosis.findings = {client_programs(stop)};
  PreflightFinding& programs = diagnosis.findings.back();
  if (!needs_client_programs && programs.weight == Weight::refused) programs.weight = Weight::warning;
  open_repository(repository, diagnosis.findings);
  return diagnosis;
}

}  // namespace pgassay::backup
