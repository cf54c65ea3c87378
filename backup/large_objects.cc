#include "backup/large_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "backup/plan.h"
#include "core/postgres/large_objects.h"
#include "core/repository/layout.h"

namespace pgassay::backup {
namespace {

/// A part aims at this many bytes on the server's disk.
constexpr std::uint64_t kPartBytes = 32 << 20;

/// Oids at which a new part starts. So many objects a part that it is about kPartBytes; a power of two, so
/// that it stays the same when some are added.
std::vector<std::string> part_starts(Connection& leader, std::uint64_t count, std::uint64_t bytes) {
  std::vector<std::string> starts{""};
  if (bytes < 2 * kPartBytes) return starts;
  const std::uint64_t each =
      std::bit_floor(std::max<std::uint64_t>(1, kPartBytes / std::max<std::uint64_t>(1, bytes / count)));
  const Result rows = leader.query(fmt::format(
      "SELECT oid FROM (SELECT oid, pg_catalog.row_number() OVER (ORDER BY oid) - 1 AS n"
      " FROM pg_catalog.pg_largeobject_metadata) numbered WHERE n > 0 AND n % {} = 0 ORDER BY oid",
      each));
  for (int i = 0; i < rows.rows(); ++i) starts.push_back(rows.text(i, 0));
  return starts;
}

}  // namespace

bool plan_large_objects(Plan& plan, Connection& leader, const std::string& encoding) {
  const Result facts = leader.query(
      "SELECT pg_catalog.count(*), pg_catalog.pg_relation_size('pg_catalog.pg_largeobject')"
      " FROM pg_catalog.pg_largeobject_metadata");
  const std::uint64_t count = facts.unsigned_integer(0, 0), bytes = facts.unsigned_integer(0, 1);
  if (count == 0) return false;
  const std::vector<std::string> starts = part_starts(leader, count, bytes);
  for (std::size_t i = 0; i <= starts.size(); ++i) {
    const bool metadata = i == starts.size();
    PlannedCopy copy;
    copy.object = "large objects";
    copy.relation = PlannedCopy::kLargeObjects;
    copy.number = i;
    copy.file =
        metadata ? std::string(kLargeObjectsMetadataFile) : large_object_file(static_cast<unsigned>(i));
    copy.sql = metadata
                   ? large_object_metadata_sql(encoding)
                   : large_object_pages_sql(starts[i], i + 1 < starts.size() ? starts[i + 1] : "", encoding);
    copy.bytes = metadata ? 0 : bytes / starts.size();
    plan.copies.push_back(std::move(copy));
  }
  return true;
}

}  // namespace pgassay::backup
