// manifest.json as it lies in a backup directory, beside SHA256SUMS.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/repository/manifest.h"

namespace pgassay {

/// What the first line of SHA256SUMS says of manifest.json; nothing when it is no such line.
std::optional<Sha256> manifest_sha_in(std::string_view sums);
inline constexpr std::string_view kManifestMismatch = "manifest.json is not what SHA256SUMS names";

/// Hashes the whole file, keeps only the head of it. Throws BadBackup: missing, damaged, not what SHA256SUMS
/// names.
ManifestSummary read_stored_summary(const Path& backup_dir);

}  // namespace pgassay
