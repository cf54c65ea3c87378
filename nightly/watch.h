// What status, report and nightly look at: the databases of the sources that are to be watched, and those of
// the repository.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nightly/status.h"

namespace pgassay::nightly {

/// A source that is configured.
struct WatchedSource {
  StatusRules rules;
  std::string database;  ///< the one that it backs up; empty: not known, or each of its server's
  bool all_databases = false;
  std::vector<std::string> excluded;  ///< of all databases: patterns with * and ?
};

struct WatchOptions {
  std::map<std::string, WatchedSource> sources;
  StatusRules otherwise;  ///< of sources that only the repository has
};

/// One database, and what was looked at.
struct Watched {
  DatabaseStatus status;
  StatusRules rules;
  std::vector<Backup> backups;  ///< oldest first, unreadable ones too
};

/// `wanted`: only these sources; empty: every one of `options`, and those that only the repository has, which
/// are watched when `options` has none and left out where they were forgotten. A source that is nowhere has
/// no database. Throws Error.
std::vector<Watched> look_closely(const WatchOptions& options, const Repository& repository,
                                  const std::vector<std::string>& wanted);
std::vector<DatabaseStatus> statuses_of(std::vector<Watched> watched);

/// Readable by all, for node_exporter runs as another user.
void write_metrics(const Path& file, const std::vector<DatabaseStatus>& databases,
                   const Repository& repository);

}  // namespace pgassay::nightly
