// The database's own properties: what CREATE DATABASE and ALTER DATABASE set.
#pragma once

#include "core/postgres/source_facts.h"
#include "core/system/verdict.h"

namespace pgassay::proof {

/// One check, "database": encoding, locale, owner, privileges, comment, settings and limits as they were. The
/// name may be another. `excuse`: why a difference proves nothing, or empty.
Check compare_properties(const DatabaseProperties& then, const DatabaseProperties& now,
                         const std::string& excuse);

/// "a, b instead of c" of two lists in any order; empty: they are the same.
std::string list_difference(std::vector<std::string> then, std::vector<std::string> now);

}  // namespace pgassay::proof
