// The checks that a proof has to make, listed before any is made: one that was planned and did not run is
// UNVERIFIED by itself, whatever kept it from running.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/verdict.h"
#include "proof/inventory_check.h"

namespace pgassay::proof {

/// Which table, materialized view, sequence and set of large objects a proof of that manifest compares.
std::set<CheckId> planned_checks(const Manifest& manifest);

/// A check for each that is planned and not among those that were made, and for each table, materialized view
/// and sequence of the inventory of which the manifest says nothing. `inventory`: of the backup; may be
/// empty.
std::vector<Check> not_made(const Manifest& manifest, std::span<const InventoryObject> inventory,
                            const std::set<CheckId>& made);

}  // namespace pgassay::proof
