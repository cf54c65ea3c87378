#include "restore/tables/plain_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/postgres/types_within.h"
#include "restore/archive/archive_graph.h"
#include "restore/tables/absent_types.h"

namespace pgassay::restore {
namespace {

constexpr const char* kType = "WITH RECURSIVE types (oid) AS (SELECT pg_catalog.to_regtype($1)::oid";

/// Of the type, does it hold a domain; and where it is one itself, what all of that and of its base types'
/// are based on, unless that holds one, too.
constexpr const char* kHoldsDomain = R"(,
bases (oid, typmod) AS (
  SELECT t.typbasetype, t.typtypmod FROM pg_catalog.pg_type t WHERE t.oid = pg_catalog.to_regtype($1) AND t.typtype = 'd'
  UNION ALL SELECT t.typbasetype, t.typtypmod FROM bases b JOIN pg_catalog.pg_type t ON t.oid = b.oid AND t.typtype = 'd')
SELECT EXISTS (SELECT FROM types t JOIN pg_catalog.pg_type p ON p.oid = t.oid WHERE p.typtype = 'd'),
  (SELECT pg_catalog.format_type(b.oid, b.typmod) FROM bases b JOIN pg_catalog.pg_type p ON p.oid = b.oid
   WHERE p.typtype IN ('b', 'e') AND p.typelem = 0),
  pg_catalog.to_regtype($1) IS NULL)";

/// Of a type that the database lacks.
bool makes_a_domain(const std::string& type, const std::vector<ArchiveEntry>& archive,
                    const ArchiveGraph& graph) {
  const QualifiedName name = name_of_type(type);
  const auto entry = std::ranges::find_if(archive, [&](const ArchiveEntry& one) {
    return (one.is("TYPE") || one.is("DOMAIN")) && one.names(name);
  });
  if (entry == archive.end()) return false;
  return std::ranges::any_of(graph.closure({entry->id}), [&](int id) {
    const ArchiveEntry* needed = graph.find(id);
    return needed != nullptr && needed->is("DOMAIN");
  });
}

}  // namespace

std::map<std::string, std::string> find_plain_types(Connection& connection,
                                                    const std::set<std::string>& types,
                                                    const std::vector<ArchiveEntry>& archive,
                                                    RowFormat format) {
  const ArchiveGraph graph(archive);
  std::map<std::string, std::string> plain;
  for (const std::string& type : types) {
    const Result found = connection.query(std::string(kType) + kTypesWithin + kHoldsDomain, {type});
    const bool absent = found.boolean(0, 2);
    if (absent ? !makes_a_domain(type, archive, graph) : !found.boolean(0, 0)) continue;
    if (format == RowFormat::text) {
      plain[type] = "text";
    } else if (!found.null(0, 1)) {
      plain[type] = found.text(0, 1);
    } else {
      throw Refused(fmt::format("{}: rows in binary can't be had without the domain in type {}",
                                connection.described(), type),
                    "restore the table itself, with --table, into a database that lacks it");
    }
  }
  return plain;
}

}  // namespace pgassay::restore
