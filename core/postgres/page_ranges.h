// A table's pages, to be read by several connections side by side.
#pragma once

#include <cstdint>
#include <vector>

#include "core/postgres/catalog.h"

namespace pgassay {

/// How large tables are spread over workers. A range of pages gets no ring of buffers from the server, as a
/// plain COPY of the table does: reading it puts out of the cache what others need there.
struct Spread {
  unsigned workers = 1;              ///< 1: no table is split
  std::uint64_t all_bytes = 0;       ///< of all tables that are going to be read
  std::uint64_t shared_buffers = 0;  ///< of the server, in bytes
  std::uint64_t page_bytes = 8192;   ///< its BLCKSZ
};

/// Over that many workers, on this server; all_bytes are the caller's.
Spread spread_over(Connection& connection, unsigned workers);

/// Ranges that cover the table, in order, the last one open; one of them where it is not worth or not
/// possible to split it. It is worth it for a table that would leave workers idle, and for one that fits into
/// a quarter of the shared buffers, where the server uses no ring anyway
/// (https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/access/heap/heapam.c, initscan). It
/// is possible for heap tables of PostgreSQL 14 and later (TID range scans,
/// https://www.postgresql.org/docs/14/release-14.html).
std::vector<PageRange> page_ranges(const TableInfo& table, int server_version, const Spread& spread);

}  // namespace pgassay
