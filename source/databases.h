// The databases of a cluster, for a run over all of them.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/repository.h"
#include "core/system/observer.h"

namespace pgassay::source {

/// A database that such a run does not take.
struct LeftAside {
  std::string database, why, hint;
  bool half_dropped = false;  ///< good for nothing but DROP DATABASE
};

struct DatabaseList {
  std::vector<std::string> open;  ///< may be connected to and is no template
  /// Closed, half dropped, or a template with objects of users. Not template0, and no template as initdb made
  /// it.
  std::vector<LeftAside> aside;
};

/// By name. Connects as maintenance_database() says, and to each template.
DatabaseList list_databases(const ConnInfo& connection, std::stop_token stop);

/// Without those that a pattern (* and ?) fits. The observer is told of these and, as warnings, of all that
/// are left aside; a pattern that fits none is a warning. Throws UsageError when none is left.
DatabaseList without_excluded(const DatabaseList& databases, const std::vector<std::string>& patterns,
                              Observer& observer);

/// Databases of the source that have backups, and are neither open now nor excluded nor half dropped: nobody
/// backs them up any more, whatever the reason is.
std::vector<LeftAside> out_of_reach(const DatabaseList& databases, const std::vector<std::string>& patterns,
                                    const Repository& repository, const std::string& source);

}  // namespace pgassay::source
