// Tables of a backup beside what is in a live database: columns and rows, under new names, in one
// transaction.
#pragma once

#include <stop_token>

#include "core/system/observer.h"
#include "restore/request.h"

namespace pgassay::restore {

/// Each table of options.wanted becomes a plain table named by options.as (a partitioned one: with the rows
/// of all its partitions), of the backup's columns and types and nothing more; what was generated is there as
/// a plain value. All of them are made, filled and proved in one transaction: others see them whole, or not
/// at all. Types and schemas that they need and the database lacks are made, where the archive says how.
/// Throws UsageError where options.as does not give each table a name of its own, Refused when a name is
/// taken or a type can't be had, BadBackup when a part or the proof differs. Nothing is left in the database
/// then.
RestoreReport restore_beside(const Place& dir, Manifest manifest, const TableBeside& options,
                             Observer& observer, std::stop_token stop);

/// "orders_before": in the table's own schema; "old.orders"; a star stands for the table's own name. Throws
/// UsageError.
QualifiedName beside_name(const std::string& as, const QualifiedName& table);

}  // namespace pgassay::restore
