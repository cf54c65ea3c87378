// What show, verify, restore and prune print for people.
#pragma once

#include <span>
#include <string>

#include "core/repository/repository.h"
#include "restore/whole/restore.h"
#include "retention/prune.h"

namespace pgassay::cli {

inline constexpr std::size_t kLargestShown = 10;

/// `largest`: at most that many tables, those with most bytes first; 0: all, by name.
std::string show_text(const Backup& backup, const Manifest& manifest, std::size_t largest);
/// Every finding, and with all_checks every check, then the verdict.
std::string verified_text(const BackupId& id, const Evidence& evidence, bool all_checks);
/// Checks that passed are shown only when all did.
std::string restored_text(const BackupId& id, const restore::RestoreReport& report, bool proved);
/// A line for each backup, and what came free or would.
std::string pruned_text(std::span<const retention::PruneReport> reports, bool dry_run);

/// Relations that hold rows, those with most raw bytes first, at most `limit`.
std::vector<const Relation*> largest_relations(const Manifest& manifest, std::size_t limit);
}  // namespace pgassay::cli
