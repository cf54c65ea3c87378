#include "core/postgres/page_ranges.h"

#include <algorithm>

#include "core/postgres/releases.h"

namespace pgassay {
namespace {

/// Smaller ones are not worth a second COPY.
constexpr std::uint64_t kLeastBytes = 32 << 20;
/// So that the workers end at about the same time, though TOAST may be spread unevenly.
constexpr unsigned kRangesOfAWorker = 2;

}  // namespace

Spread spread_over(Connection& connection, unsigned workers) {
  const Result facts = connection.query(
      "SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers')),"
      " pg_catalog.current_setting('block_size')");
  return {.workers = workers,
          .shared_buffers = facts.unsigned_integer(0, 0),
          .page_bytes = facts.unsigned_integer(0, 1)};
}

std::vector<PageRange> page_ranges(const TableInfo& table, int server_version, const Spread& spread) {
  const bool can = server_has(server_version, Feature::tid_range_scans) && table.access_method == "heap" &&
                   !table.planning_calls_code && spread.workers > 1;
  const std::uint64_t bytes = table.heap_bytes + table.toast_bytes, share = spread.all_bytes / spread.workers,
                      pages = table.heap_bytes / spread.page_bytes;
  if (!can || (bytes < share / 2 && bytes > spread.shared_buffers / 4)) return {PageRange{}};
  // TOAST is taken to be spread evenly over the heap's pages.
  const std::uint64_t ranges =
      std::min({bytes / kLeastBytes, pages, std::uint64_t{kRangesOfAWorker} * spread.workers});
  std::vector<PageRange> cut(std::max<std::uint64_t>(1, ranges));
  for (std::uint64_t i = 1; i < cut.size(); ++i) {
    cut[i].first = static_cast<std::uint32_t>(i * pages / ranges);
    cut[i - 1].end = cut[i].first;
  }
  return cut;
}

}  // namespace pgassay
