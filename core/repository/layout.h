// Names in the repository, and nothing that touches it.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "core/repository/manifest.h"

namespace pgassay {

inline constexpr const char* kRepositoryFile = "pgassay.json";
inline constexpr std::string_view kManifestFile = "manifest.json", kSumsFile = "SHA256SUMS",
                                  kSchemaFile = "schema.pgdump", kGlobalsFile = "globals.sql",
                                  kInventoryFile = "inventory.jsonl.zst",
                                  kStatisticsFile = "statistics.pgdump", kEvidenceDir = "evidence",
                                  kDataDir = "data", kLargeObjectsDir = "largeobjects",
                                  kLargeObjectsMetadataFile = "largeobjects/metadata.copy.zst",
                                  kPinFile = "pin.json", kAcceptFile = "accept.json";
/// What is read whole, or decodes to a size that no manifest names, is not longer than this.
inline constexpr std::uint64_t kLongestInventory = std::uint64_t{1} << 30,
                               kLongestGlobals = std::uint64_t{1} << 30;

/// '/', '\', '.', '%', '~', control bytes and bytes that are not valid UTF-8 become %XX; over 200 bytes it is
/// cut (never inside an escape or a character) and gets "~" and 16 hex digits of the XXH3-64 of what it was.
/// So two names never meet in one file.
std::string encode_name(std::string_view name);
std::string decode_name(std::string_view encoded);  ///< of a name that was not cut; what is no escape stays
/// data/public.orders.0000.copy.zst, of binary rows data/public.orders.0000.bin.zst
std::string part_file(const QualifiedName& name, unsigned index, RowFormat format = RowFormat::text);
/// largeobjects/0000.copy.zst
std::string large_object_file(unsigned index);
/// "20261123T020000Z" or with -N (N > 1): the shape of a backup directory's name.
bool is_stamp(std::string_view name);
/// Sorts stamps by time, then by number: -10 is after -9.
std::pair<std::string_view, unsigned> stamp_order(std::string_view stamp);
/// A relative path below the backup directory, one that a hostile manifest could not lead astray by.
bool is_safe_file(std::string_view file);

}  // namespace pgassay
