// Values of regclass and the like that named nothing where the backup was taken.
#pragma once

#include <optional>
#include <string>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/place.h"

namespace pgassay::proof {

/// COPY writes such a value as a number, and it is loaded as the number that it is; here something else may
/// bear that number, whose name COPY then writes. When that is all that differs in the table, says so in
/// words. Nothing: something else differs, or the table has no such columns. Reads the backup's rows of the
/// table, and the table. Only text.
std::optional<std::string> numbers_that_name_something(Connection& connection, const Place& backup,
                                                       const Relation& relation, const std::string& encoding);

}  // namespace pgassay::proof
