// The planner's statistics that a backup holds, for a server that can be given them.
#pragma once

#include <set>
#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"
#include "restore/whole/schema.h"

namespace pgassay::restore {

/// Does the backup hold any, and do that pg_restore and that server know them?
bool carries_statistics(const Manifest& manifest, const PgTool& pg_restore, int server_version);

/// Gives them to the tables and materialized views of `manifest`, with their indexes, but to those of
/// `changed`. Statistics are read as values of the columns' types, by whoever restores: where these hold
/// domains or range types of users, whose code that would run, they are left out. What is refused is a note,
/// whatever the reason: ANALYZE is to follow.
void give_statistics(const ConnInfo& target, const SchemaRun& run, const Manifest& manifest,
                     const std::set<QualifiedName>& changed, std::vector<Note>& notes, std::stop_token stop);

}  // namespace pgassay::restore
