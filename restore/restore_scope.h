// How much of a backup the options of a restore ask for, in words.
#pragma once

#include <string>
#include <vector>

#include "restore/request.h"

namespace pgassay::restore {

/// Is the database given the backup's owner, privileges, settings and comment? By a part of a backup only
/// where it is made for it: one that exists has its own.
bool brings_properties(const IntoEmpty& options);

/// What of every object is not carried, a line each.
std::vector<std::string> waived(const RestoreContext& options);

/// The options that decide what is made, as they are said on the command line: a restore is gone on with by
/// the same only.
std::string what_is_made(const IntoEmpty& options);

}  // namespace pgassay::restore
