// manifest.json as it lies in a backup directory, beside SHA256SUMS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/repository/manifest.h"
#include "core/system/place.h"

namespace pgassay {

/// What the first line of SHA256SUMS says of manifest.json; nothing when it is no such line.
std::optional<Sha256> manifest_sha_in(std::string_view sums);
inline constexpr std::string_view kManifestMismatch = "manifest.json is not what SHA256SUMS names";

/// No manifest is longer, and no other file that is read whole.
inline constexpr std::size_t kLongestManifest = std::size_t{1} << 30;

/// Hashes the whole file, keeps only the head of it. Throws BadBackup: missing, damaged, not what SHA256SUMS
/// names.
ManifestSummary read_stored_summary(const Place& backup_dir);

/// Is it the directory of that backup? Compares the last three components with names_on_disk(); the source's
/// may be another name of the same source (source_names.h).
bool lies_where_it_belongs(const Place& backup_dir, const BackupId& id);
/// What is wrong with a backup that does not, and how it is moved back: what() and hint().
BadBackup misplaced(const Place& backup_dir, const BackupId& says);

}  // namespace pgassay
