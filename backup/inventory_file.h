// inventory.jsonl.zst: every object of the snapshot, for the drill to look for.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/clock.h"

namespace pgassay::backup {

/// Reads it over the leader's connection, within its transaction: others could wait behind sessions that wait
/// for the leader's locks. The leader itself must not wait: who holds a view and waits for one of its tables
/// would be ended as the victim of a deadlock. It tries until it can; after `patience` it throws
/// TryAgain once somebody waits for the leader. `live` sees the present. When DDL since the snapshot may have
/// got into the file `doubt` says so; throws TryAgain when it could not be read for that. Relations of
/// `without` are not in it.
StoredFile write_inventory(Connection& leader, Connection& live, const std::vector<Oid>& without,
                           const Place& dir, int zstd_level, Seconds patience, std::optional<LeftOut>& doubt,
                           std::stop_token stop);

}  // namespace pgassay::backup
