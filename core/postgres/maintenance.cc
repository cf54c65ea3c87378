#include "core/postgres/maintenance.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

namespace pgassay {
namespace {

/// It is not there, takes no connections, or none from us
/// (https://www.postgresql.org/docs/current/errcodes-appendix.html). What else can be wrong is so with any
/// other database, too.
bool is_of_the_database(const ConnectionLost& error) {
  constexpr std::array<std::string_view, 3> kStates = {"3D000", "55000", "42501"};
  return std::ranges::find(kStates, error.sqlstate()) != kStates.end();
}

}  // namespace

bool names_a_database(const ConnInfo& info) {
  return info.parameters.contains("dbname") || info.parameters.contains("service") ||
         std::getenv("PGDATABASE") != nullptr || std::getenv("PGSERVICE") != nullptr;
}

ConnInfo maintenance_database(const ConnInfo& info, std::string_view application_name, std::stop_token stop,
                              std::string_view avoid) {
  const auto named = info.parameters.find("dbname");
  const bool by_itself = named != info.parameters.end();
  std::vector<ConnInfo> candidates;
  if (by_itself && named->second != avoid) return info;
  if (!by_itself && names_a_database(info)) candidates.push_back(info);
  for (const char* custom : {"postgres", "template1"})
    if (custom != avoid) candidates.push_back(info.with_database(custom));
  candidates.push_back(info);
  candidates.back().parameters.erase("dbname");
  std::optional<Error> refused;
  for (const ConnInfo& candidate : candidates) {
    try {
      if (Connection::open(candidate, application_name, stop).database() != avoid) return candidate;
    } catch (const ConnectionLost& error) {
      if (!is_of_the_database(error)) error.raise();
      if (!refused) refused = error;
    }
  }
  if (refused) refused->raise();
  throw Refused("there is no database but " + std::string(avoid) + " to connect to",
                "name another with --dbname");
}

}  // namespace pgassay
