// The proof: digests of a live database against a manifest.
#pragma once

#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"

namespace pgassay::proof {

/// What a proof has read of tables.
struct Compared {
  std::uint64_t rows = 0;
};

/// Reads every table's rows in the database with `jobs` connections under one snapshot, in the settings that
/// the backup was read in, and compares row counts and digests: of a partition tree at its root, of an
/// extension's configuration table by its condition. Sequences must not be behind, large objects equal. One
/// check a relation that differs, and one summary check for each kind that all agree on. `backup`: its
/// directory, to look at the rows of a table that seems to differ (proof/reg_numbers.h); empty: they are not
/// looked at.
std::vector<Check> prove(const ConnInfo& target, const Manifest& manifest, unsigned jobs, Observer& observer,
                         std::stop_token stop, Compared* compared = nullptr, const Path& backup = {});

/// The server's major version and extensions' versions where they are not the backup's: each in words.
std::vector<std::string> other_versions(Connection& connection, const Manifest& manifest);

}  // namespace pgassay::proof
