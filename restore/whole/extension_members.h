// Members of extensions that were altered in the source: no dump carries that, so they are altered again.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Once the extensions are there. Alters owner (where `owners`), volatility, parallel safety, cost, rows,
/// strictness, leakproofness, security, settings, comment and options of every member that the backup's
/// inventory describes otherwise. What the server refuses is a Loss. Members that are absent, and extensions
/// of another version, are left alone. No text of the backup gets into SQL but as a literal: objects are
/// named as the target names them.
void alter_members(const ConnInfo& target, const Place& backup_dir, const Manifest& manifest, bool owners,
                   std::vector<Loss>& lost, std::vector<Note>& notes, std::stop_token stop);

/// "a, "b c"" as its names: how PostgreSQL keeps a setting that is a list. Empty when it is none.
std::vector<std::string> list_of_names(const std::string& text);

}  // namespace pgassay::restore
