// Names in the repository, and nothing that touches it.
#pragma once

#include <string>
#include <string_view>

#include "core/repository/manifest.h"

namespace pgassay {

inline constexpr std::string_view kManifestFile = "manifest.json", kSumsFile = "SHA256SUMS",
                                  kSchemaFile = "schema.pgdump", kGlobalsFile = "globals.sql",
                                  kInventoryFile = "inventory.jsonl.zst", kEvidenceDir = "evidence",
                                  kDataDir = "data", kLargeObjectsDir = "largeobjects";

/// '/', '.', '%', control bytes, bytes over 0x7e that are not valid UTF-8, and a leading dot become %XX; over 200
/// bytes it is cut (never inside an escape or a character) and gets "~" and 16 hex digits of its XXH3.
std::string encode_name(std::string_view name);
std::string decode_name(std::string_view encoded);  ///< of a name that was not cut
/// data/public.orders.0000.copy.zst
std::string part_file(const QualifiedName& name, unsigned index);
std::string large_object_file(unsigned index);
/// "20261123T020000Z" or with -N: the shape of a backup directory's name.
bool is_stamp(std::string_view name);

}  // namespace pgassay
