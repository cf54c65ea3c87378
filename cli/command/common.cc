#include "cli/command/common.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>

#include "core/system/error.h"

namespace pgassay::cli {

std::vector<Backup> Selection::all_in(const Repository& repository, bool all) const {
  if (all) {
    if (!ids.empty()) throw UsageError("--all and an ID exclude each other");
    return repository.list(filter());
  }
  if (ids.empty()) return {repository.find("latest", filter())};
  std::vector<Backup> backups;
  for (const std::string& id : ids) backups.push_back(repository.find(id, filter()));
  return backups;
}

void add_selection(Options& options, Selection& selection) {
  options.value("--source", &selection.source, "NAME", "only backups of this source");
  options.value("--database", &selection.database, "NAME", "only backups of this database");
}

void add_one_id(Options& options, Selection& selection) {
  options
      .argument("ID", &selection.ids,
                "latest (of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its beginning")
      .required()
      .expected(1, 1);
}

Option& add_optional_id(Options& options, Selection& selection) {
  return options.argument(
      "ID", &selection.ids,
      "latest (default; of one database: see --database), SOURCE/DATABASE/STAMP, a stamp, or its beginning");
}

void add_jobs(Options& options, std::optional<unsigned>& jobs, const char* what) {
  options.value("-j,--jobs", &jobs, "N", what).range(1, kMaxJobs);
}

Option& add_shrink_alarm(Options& options, std::optional<double>& alarm) {
  return options
      .value("--shrink-alarm", &alarm, "0..1",
             "alarm when a database has fewer rows or bytes than this share of what it had (default 0.5; 0: "
             "never)")
      .range(0.0, 1.0);
}

std::set<std::string> accepted_of(const Config& config, const std::string& source,
                                  const std::vector<std::string>& flag) {
  std::set<std::string> accepted(flag.begin(), flag.end());
  const auto found = config.sources.find(source);
  if (found != config.sources.end())
    accepted.insert(found->second.accept.begin(), found->second.accept.end());
  return accepted;
}

void add_accept(Options& options, std::vector<std::string>& accept) {
  options.list("--accept", accept, "DIFFERENCE",
               "a difference that is no failure, by its name: generated:SCHEMA.TABLE.COLUMN");
}

unsigned default_jobs() {
  cpu_set_t ours;
  CPU_ZERO(&ours);
  if (sched_getaffinity(0, sizeof ours, &ours) != 0) return 1;
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&ours)), 1u, 4u);
}

Path repository_path(const Arguments& arguments, const Config& config) {
  if (arguments.repo) {
    if (arguments.repo->empty()) throw UsageError("--repo is empty");
    return *arguments.repo;
  }
  if (const std::string named = environment("PGASSAY_REPO"); !named.empty()) return named;
  if (config.repository) return *config.repository;
  throw UsageError("no repository is named",
                   "use --repo DIR, $PGASSAY_REPO, or 'repository' in the configuration");
}

Repository open_repository(const Arguments& arguments, const Config& config) {
  return Repository::open(repository_path(arguments, config));
}

std::string repeated_repository(const Arguments& arguments) {
  return repeated_flag("--repo", arguments.repo);
}

std::string repeated_flag(const char* name, const std::optional<std::string>& value) {
  return value ? std::string(" ") + name + " " + shell_word(*value) : "";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

void reject_empty_dbname(const std::optional<std::string>& dbname) {
  if (dbname && dbname->empty())
    throw UsageError("--dbname is empty", "leave it out to use PGHOST, PGDATABASE, PGSERVICE, …");
}

ConnInfo connection_from_flag(const std::string& text, Observer& observer) {
  ConnInfo info = ConnInfo::parse(text);
  for (const char* secret : {"password", "sslpassword"}) {
    const auto found = info.parameters.find(secret);
    if (found == info.parameters.end() || found->second.empty()) continue;
    observer.message(Level::warning,
                     "--dbname holds a password: every user of this host can read it while we run",
                     "put it into ~/.pgpass");
    break;
  }
  return info;
}

}  // namespace pgassay::cli
