// What is lost only because something else is.
#pragma once

#include <vector>

#include "restore/archive/archive_list.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Gives each loss its cause, by what the archive says of who needs whom: another loss that its entry can't
/// be made without, and that has no cause itself. Rows lost of a table belong to the table's entry.
void find_causes(std::vector<Loss>& lost, const std::vector<ArchiveEntry>& archive);

}  // namespace pgassay::restore
