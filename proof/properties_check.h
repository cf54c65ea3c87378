// The database's own properties: what CREATE DATABASE and ALTER DATABASE set.
#pragma once

#include "core/postgres/source_facts.h"
#include "core/system/verdict.h"

namespace pgassay::proof {

/// One check, "database": encoding, locale, owner, privileges, comment, settings and limits as they were. The
/// name may be another. `excuse`: why a difference proves nothing, or empty.
Check compare_properties(const DatabaseProperties& then, const DatabaseProperties& now,
                         const std::string& excuse);

}  // namespace pgassay::proof
