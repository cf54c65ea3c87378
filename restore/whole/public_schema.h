// The schema public, which is there before a restore begins, and of which older releases of pg_dump carry
// nothing but privileges.
#pragma once

#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/place.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// A new database's schema public as that pg_dump takes it to be: from 15 on nobody but its owner may create
/// in it (https://www.postgresql.org/docs/15/release-15.html), and older servers let everybody. What the
/// archive grants and revokes is told from there.
void open_public_no_wider_than(int archive_version, Connection& target);

/// Once pre-data is there: its comment as the backup's inventory has it, and where `owners`, an owner that
/// somebody gave it. pg_dump 15 and later carry both. What the server refuses is a Loss.
void describe_public(Connection& target, const Place& backup_dir, const Manifest& manifest, bool owners,
                     std::vector<Loss>& lost);

}  // namespace pgassay::restore
