// What is stored in generated columns, compared.
#pragma once

#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/verdict.h"
#include "proof/accepted.h"

namespace pgassay::proof {

/// Has it generated columns whose values are stored?
bool has_generated(const Relation& relation);

/// Adds a check for each column that is not what it was, FAIL unless "generated:SCHEMA.TABLE.COLUMN" is
/// accepted, or UNVERIFIED where `reasons` say why that proves nothing. Returns how many are what they were.
std::uint64_t check_generated(const Relation& then, const GeneratedDigest& expected,
                              const GeneratedDigest& found, const Accepted& accepted,
                              const std::vector<std::string>& reasons, std::vector<Check>& checks);
/// Of a relation of which the backup does not say what was stored in them.
Check unknown_generated(const Relation& then);

}  // namespace pgassay::proof
