// The database moved under us in a way that a new snapshot cures. take_backup starts again, a bounded number of times.
#pragma once

#include "core/system/error.h"

namespace pgassay {

class TryAgain : public Error {
 public:
  using Error::Error;
};

/// Rethrows as TryAgain what a new attempt can cure: a relation that vanished, a deadlock, a standby's recovery
/// conflict (https://www.postgresql.org/docs/current/errcodes-appendix.html), as Error naming `object` what it can't.
[[noreturn]] void rethrow_for(const std::string& object);

}  // namespace pgassay
