// What several commands read alike.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/command/arguments.h"
#include "cli/command/options.h"
#include "cli/config/config.h"
#include "core/repository/repository.h"
#include "core/system/observer.h"

namespace pgassay::cli {

/// Which backups: `ids` may hold "latest"; source and database narrow it.
struct Selection {
  std::vector<std::string> ids;
  std::string source, database;

  Repository::Filter filter() const { return {source, database}; }
  /// The one that add_one_id() or add_optional_id() read.
  std::string id() const { return ids.empty() ? "latest" : ids[0]; }
  /// Throws Error when there is none.
  Backup find_in(const Repository& repository) const { return repository.find(id(), filter()); }
  /// Those that are named, the latest where none is, or all that fit. Throws UsageError.
  std::vector<Backup> all_in(const Repository& repository, bool all) const;
};

void add_selection(Options& options, Selection& selection);  ///< --source, --database
void add_one_id(Options& options, Selection& selection);
/// The same, but it may be left out, which means the latest.
Option& add_optional_id(Options& options, Selection& selection);
void add_jobs(Options& options, std::optional<unsigned>& jobs, const char* what);

Option& add_shrink_alarm(Options& options, std::optional<double>& alarm);  ///< --shrink-alarm

/// `accept` of that source, and what the flag adds.
std::set<std::string> accepted_of(const Config& config, const std::string& source,
                                  const std::vector<std::string>& flag);
void add_accept(Options& options, std::vector<std::string>& accept);  ///< --accept

unsigned default_jobs();  ///< CPUs that we may use, at most 4

/// --repo, else $PGASSAY_REPO, else the configuration's. Throws UsageError when none says.
Path repository_path(const Arguments& arguments, const Config& config);
/// Opens that repository. Throws Error.
Repository open_repository(const Arguments& arguments, const Config& config);
/// " --repo DIR" when it was given so, for a command that we propose; quoted where a shell needs it.
std::string repeated_repository(const Arguments& arguments);
/// The same of any flag.
std::string repeated_flag(const char* name, const std::optional<std::string>& value);

std::string environment(const char* name);  ///< empty: not set
/// Throws UsageError when -d was given an empty text: an empty variable in a script would otherwise mean
/// whatever libpq's defaults lead to.
void reject_empty_dbname(const std::optional<std::string>& dbname);
/// What -d says. A password in it is a warning. Throws UsageError.
ConnInfo connection_from_flag(const std::string& text, Observer& observer);

/// The flag's value, else the source's, else that of the top of the file, else the default.
template <class T>
T first_of(const std::optional<T>& flag, const std::optional<T>& source, const std::optional<T>& top,
           T otherwise) {
  return flag ? *flag : source ? *source : top.value_or(std::move(otherwise));
}

}  // namespace pgassay::cli
