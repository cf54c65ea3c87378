// Which release of PostgreSQL brought what, and which took it away. Whatever the program does in one release
// and not in another is decided by this table, not by numbers in the code; what became of each catalog's
// columns is in catalog_columns.h.
#pragma once

#include <span>
#include <string_view>

namespace pgassay {

/// Servers of these are backed up; into these is restored.
inline constexpr int kOldestMajor = 12, kNewestMajor = 19;

enum class Feature {
  drop_expression,
  statistics_targets,
  catalog_keys,
  column_compression,
  heap_checks,
  idle_session_timeout,
  multiranges,
  read_all_data,
  sql_bodies,
  subscripting,
  tid_range_scans,
  closed_public,
  parameter_privileges,
  icu_locale_column,
  locale_providers,
  selective_publications,
  createdb_to_be_had,
  icu_rules,
  membership_options,
  locale_column,
  transaction_timeout,
  named_not_nulls,
  statistics_to_restore,
  one_line_names,
  padded_lsn,
  publication_exceptions,
  wrapper_connections,
};

struct FeatureOfReleases {
  Feature feature;
  int since;              ///< major release
  int until;              ///< the first major release without it; kAlways: none is known
  std::string_view what;  ///< for people
};
inline constexpr int kAlways = 10000;

std::span<const FeatureOfReleases> features_of_releases();
/// Does a server of that version (as server_version_num says it: 150020) have it?
bool server_has(int server_version, Feature feature);

}  // namespace pgassay
