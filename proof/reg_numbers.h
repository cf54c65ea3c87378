// Values that a server writes in another way than the one where the backup was taken.
#pragma once

#include <optional>
#include <string>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/place.h"

namespace pgassay::proof {

/// A regclass or the like that named nothing is written by COPY as a number, and loaded as the number that it
/// is; here something else may bear that number, whose name COPY then writes: also in an array, a row, or a
/// domain. A pg_lsn is written with more digits by newer servers (Feature::padded_lsn). When that is all that
/// differs in the table, or in the partitions of one, says so in words. Nothing: something else differs, or
/// the table has no such columns. Reads the backup's rows of the table, and the table. Only text. Wants a
/// transaction.
std::optional<std::string> values_written_otherwise(Connection& connection, const Place& backup,
                                                    const Relation& relation, const Manifest& manifest);

}  // namespace pgassay::proof
