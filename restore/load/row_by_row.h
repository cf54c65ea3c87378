// A part of which the server takes some rows and not others.
#pragma once

#include <cstdint>
#include <string>

#include "restore/load/load.h"

namespace pgassay::restore {

struct RowsTaken {
  std::uint64_t taken = 0, rejected = 0;
  std::string first_error, sqlstate;  ///< of the first row that was rejected
  Path rejects;  ///< the file with the rejected rows, as COPY reads them; empty: there is none
};

/// Loads the part of text rows into the table, in the transaction that the connection is in: in batches, and
/// where one is refused in halves of it, so that only the rows that are refused by themselves stay out. Those
/// are written into a file of job.rejects, unless that is empty. The part's rows were compared with the
/// manifest before.
RowsTaken load_row_by_row(Connection& connection, const LoadJob& job, const Relation& relation,
                          const QualifiedName& into, const Part& part);

}  // namespace pgassay::restore
