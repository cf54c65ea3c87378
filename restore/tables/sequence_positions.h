// Sequences of a database that is in use.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"

namespace pgassay::restore {

/// Moves those that are behind the backup to where it has them, and no other: a value that was given out
/// since is not given out again. setval() is not undone by a rollback. Erases the sequences that are not
/// here, and returns their names.
std::vector<std::string> raise_sequence_positions(Connection& connection, std::vector<Sequence>& sequences);

}  // namespace pgassay::restore
