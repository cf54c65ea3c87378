// The names that a database's stand-in and its predecessor bear while it is replaced.
#pragma once

#include <cstddef>
#include <string>

namespace pgassay::restore {

struct ReplaceNames {
  std::string beside;  ///< app_restoring_20261123T020000Z
  std::string before;  ///< app_before_20261123T020000Z
};

/// `limit`: bytes that the server keeps of a name (max_identifier_length). A longer one is cut between two
/// characters and gets a hash of the whole, so that two databases never share it.
ReplaceNames replace_names(const std::string& database, const std::string& stamp, std::size_t limit);

}  // namespace pgassay::restore
