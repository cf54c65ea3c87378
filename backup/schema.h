// The two files that PostgreSQL's own tools write: schema.pgdump and globals.sql.
#pragma once

#include <stop_token>

#include "backup/backup.h"
#include "backup/preflight.h"

namespace pgassay {

/// pg_dump of pre-data and post-data, under the snapshot when there is one. Throws SchemaBlocked when it had
/// to wait longer than the lock time-out: behind an ACCESS EXCLUSIVE in the queue it would wait for ever.
StoredFile dump_schema(const Connection& connection, const PgTool& pg_dump, const Snapshot* snapshot,
                       double lock_timeout_seconds, const Path& dir, std::stop_token stop);
/// pg_dumpall --globals-only. Not of the snapshot: roles belong to the cluster.
StoredFile dump_globals(const Connection& connection, const PgTool& pg_dumpall, bool role_passwords,
                        const Path& dir, std::stop_token stop);

}  // namespace pgassay
