// Putting a backup in the place of a live database: it is restored beside it, proved, and then both names are
// swapped in one transaction.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "restore/whole/restore.h"

namespace pgassay::restore {

struct Replaced {
  RestoreReport restored;
  std::string beside;        ///< what the copy was called until the swap
  std::string before;        ///< what the old database is called now; empty: the names were not swapped
  std::size_t sessions = 0;  ///< that were ended for the swap
};

/// `options.into` is the database to replace; `create`, `resume` and `prove` say nothing here: it must exist,
/// what an interrupted run left beside it is gone on with, and the proof is not optional. Whatever happens,
/// and whenever we are killed, there is one whole database under the name: the old one until the swap, the
/// new one from then on; the caller drops the old one when it likes. Names are swapped only when all was
/// restored and proved; else `before` is empty and the copy stays for a look. Throws Refused, everything that
/// stands in the way at once, before anything is written.
Replaced replace_database(const Repository& repository, const Backup& backup, const IntoEmpty& options,
                          Observer& observer, std::stop_token stop);

/// Drops what replace_database left of the database that it replaced, and nothing else ever; returns its
/// name. Throws Refused when there is none, or none that has taken its place.
std::string drop_old_database(const Backup& backup, const IntoEmpty& options, std::stop_token stop);

}  // namespace pgassay::restore
