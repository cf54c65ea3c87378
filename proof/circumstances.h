// What is different here than it was at the source, and so may make a difference that is not the backup's
// fault.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/verdict.h"

namespace pgassay::proof {

struct DrillCircumstances {
  /// Another major version, an extension of another version: each in words. Where there are any, a definition
  /// that differs proves nothing.
  std::vector<std::string> other_versions;
  /// Materialized views that read foreign tables, directly or not, by their identity in the inventory: a
  /// drill cuts foreign tables off, so these can't be filled.
  std::map<std::string, QualifiedName> cut_off;
  /// Extensions of another version, by their identity: check_versions() has a check for each.
  std::set<std::string> other_extensions;

  /// "proves nothing: …", or empty where nothing is different.
  std::string excuse() const;
};

inline constexpr const char* kCutOff =
    "that proves nothing: it reads a foreign table, which a drill cuts off";

/// Of the database that the connection is to. Wants a session of start_reading_session().
DrillCircumstances read_circumstances(Connection& connection, const Manifest& manifest);

/// Versions of extensions and of the collation library against the source's. Another version is UNVERIFIED:
/// neither damage nor a proof; or PASS where `accept` says that it is good enough.
std::vector<Check> check_versions(Connection& connection, const Manifest& manifest, bool accept);

}  // namespace pgassay::proof
