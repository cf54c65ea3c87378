// A rollback taken back: the old stack is stopped again, and what ran of the new one is started. By the
// journal and docker alone, like the rollback.
#pragma once

#include "stack/switch/rollback.h"

namespace pgassay::stack {

/// Throws Refused when no rollback is under way, or when the old stack may have acknowledged rows since it
/// was started. May be called again after whatever ended it.
void take_back(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
               Observer& observer, std::stop_token stop);

}  // namespace pgassay::stack
