// The proof: digests of a live database against a manifest.
#pragma once

#include <set>
#include <span>
#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"
#include "proof/accepted.h"
#include "proof/inventory_check.h"

namespace pgassay::proof {

/// What a proof has read of tables.
struct Compared {
  std::uint64_t rows = 0;
  std::set<CheckId> made;  ///< the checks that were made, whatever came of them
};

struct ProofOptions {
  unsigned jobs = 2;
  Accepted accepted = {};
  /// The backup's directory, to look at the rows of a table that seems to differ (proof/reg_numbers.h);
  /// empty: they are not looked at.
  Place backup = {};
  std::span<const InventoryObject> inventory = {};  ///< of the backup: what it has, the manifest must tell of
};

/// Reads every table's rows in the database with `jobs` connections under one snapshot, in the settings that
/// the backup was read in, and compares row counts and digests: of a partition tree at its root, of an
/// extension's configuration table by its condition; and what is stored in generated columns. Sequences must
/// be defined as they were and not be behind, large objects equal. One check a relation that differs, and one
/// summary check for each kind that all agree on.
std::vector<Check> prove(const ConnInfo& target, const Manifest& manifest, const ProofOptions& options,
                         Observer& observer, std::stop_token stop, Compared* compared = nullptr);

/// The server's major version and extensions' versions where they are not the backup's: each in words.
std::vector<std::string> other_versions(Connection& connection, const Manifest& manifest);

}  // namespace pgassay::proof
