// The proof: digests of a live database against a manifest.
#pragma once

#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"

namespace pgassay {

/// Reads every table's rows in the database with `jobs` connections under one snapshot, in the settings that
/// the backup was read in, and compares row counts and digests: of a partition tree at its root, of an
/// extension's configuration table by its condition. Sequences must not be behind, large objects equal. One
/// check a relation that differs, and one summary check for each kind that all agree on.
std::vector<Check> prove(const ConnInfo& target, const Manifest& manifest, unsigned jobs, Observer& observer,
                         std::stop_token stop);

}  // namespace pgassay
