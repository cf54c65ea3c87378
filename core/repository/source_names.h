// Other names of sources, and those that nobody watches any more: what is known of names in one repository.
// Each is a file REPO/.sources/NAME.json, made and removed by `pgassay source`.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/place.h"

namespace pgassay {

struct SourceNames {
  std::map<std::string, std::string> aliases;  ///< name → the source that it is another name of
  std::set<std::string> forgotten;

  /// The source that a name stands for: itself, unless it is an alias.
  const std::string& owner_of(const std::string& name) const;
  /// All that backups of `source`, or of the one that it is an alias of, may be filed under; the owner first.
  std::vector<std::string> names_of(const std::string& source) const;
};

/// Throws BadBackup when one of the files can't be read or says something else than its name.
SourceNames read_source_names(const Place& root);
/// From now on backups that are filed under `name` are backups of `source`, which must be no alias itself;
/// on disk when it returns.
void make_alias(const Place& root, const std::string& name, const std::string& source);
void forget_source(const Place& root, const std::string& name);
/// Neither of both any more. Returns false when it was neither.
bool reset_source_name(const Place& root, const std::string& name);

}  // namespace pgassay
