#include "nightly/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/postgres/name_pattern.h"
#include "core/system/files.h"
#include "core/system/subprocess.h"
#include "nightly/metrics.h"

namespace pgassay::nightly {
namespace {

using ByDatabase = std::map<std::string, std::vector<Backup>>;

/// Of all of the server's databases.
bool is_excluded(const WatchedSource& source, const std::string& database) {
  return source.all_databases && std::ranges::any_of(source.excluded, [&](const auto& pattern) {
           return fits_glob(pattern, database);
         });
}

class Lookout {
 public:
  Lookout(const WatchOptions& options, const Repository& repository)
      : options_(options), repository_(repository) {
    for (Backup& backup : repository.list())
      found_[backup.source()][backup.id.database].push_back(std::move(backup));
    try {
      free_bytes_ = free_bytes(repository.root());
    } catch (const Error&) {  // then nothing is said of room
    }
  }

  std::vector<Watched> look(const std::vector<std::string>& wanted) {
    std::set<std::string> sources;
    for (const std::string& name : wanted) sources.insert(repository_.source_names().owner_of(name));
    if (wanted.empty()) {
      const std::set<std::string>& forgotten = repository_.source_names().forgotten;
      for (const auto& [source, databases] : found_)
        if (!forgotten.contains(source)) sources.insert(source);
      for (const auto& [source, rest] : options_.sources) sources.insert(source);
    }
    for (const std::string& source : sources) look_at(source, !wanted.empty());
    return std::move(databases_);
  }

 private:
  void look_at(const std::string& source, bool asked_for) {
    const auto known = options_.sources.find(source);
    const WatchedSource* own = known == options_.sources.end() ? nullptr : &known->second;
    const std::string expected = own ? own->database : "";
    ByDatabase databases = found_[source];
    if (own && (databases.empty() || !expected.empty())) databases[expected];
    std::vector<std::string> names;
    for (const auto& [database, backups] : databases) names.push_back(database);
    for (auto& [database, backups] : databases) {
      StatusInput input{source,      database, std::move(backups), own ? own->rules : options_.otherwise, {},
                        free_bytes_, now()};
      const std::string problem = read_night(input);
      DatabaseStatus status = assess(input);
      if (!problem.empty())
        status.concerns.push_back(
            {Health::warning, concern::kLastRun, problem, "the next run writes it anew"});
      status.watched = own ? (expected.empty() || database == expected) && !is_excluded(*own, database)
                           : asked_for || options_.sources.empty();
      if (!status.watched) status.concerns.clear();
      if (!own && !options_.sources.empty()) status.unclaimed = what_to_do_with(source, names);
      databases_.push_back({std::move(status), input.rules, std::move(input.backups)});
    }
  }

  /// The commands that end it: of a source that no configuration names, with these databases.
  std::string what_to_do_with(const std::string& source, const std::vector<std::string>& databases) const {
    // Whose they are is a guess: only of one source that backs up a database of that name.
    std::vector<std::string> owners;
    for (const auto& [name, own] : options_.sources)
      if (own.all_databases || std::ranges::find(databases, own.database) != databases.end())
        owners.push_back(name);
    const std::string name = shell_word(source);
    return fmt::format(
        "if they are earlier backups of a source that is configured: pgassay source alias {} --of {}; if "
        "nobody "
        "need watch them any more: pgassay source forget {}",
        name, owners.size() == 1 ? shell_word(owners[0]) : "SOURCE", name);
  }

  std::string read_night(StatusInput& input) const {
    try {
      input.night = last_night(repository_, input.source);
      return {};
    } catch (const Error& error) {
      return std::string("the last run's record: ") + error.what();
    }
  }

  const WatchOptions& options_;
  const Repository& repository_;
  std::map<std::string, ByDatabase> found_;
  std::optional<std::uint64_t> free_bytes_;
  std::vector<Watched> databases_;
};

}  // namespace

std::vector<Watched> look_closely(const WatchOptions& options, const Repository& repository,
                                  const std::vector<std::string>& wanted) {
  return Lookout(options, repository).look(wanted);
}

std::vector<DatabaseStatus> statuses_of(std::vector<Watched> watched) {
  std::vector<DatabaseStatus> databases;
  for (Watched& one : watched) databases.push_back(std::move(one.status));
  return databases;
}

void write_metrics(const Path& file, const std::vector<DatabaseStatus>& databases,
                   const Repository& repository) {
  replace_file(file, metrics_text(databases, free_bytes(repository.root()), now()));
  set_mode(file, 0644);
}

}  // namespace pgassay::nightly
