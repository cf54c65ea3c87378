// Exit statuses where several count.
#pragma once

#include "core/system/error.h"
#include "core/system/verdict.h"

namespace pgassay {

Exit exit_of(Verdict verdict);
/// Of several, the worst: 3, 1, 4, 6, 5, 2, and last 0.
Exit worse(Exit one, Exit other);

}  // namespace pgassay
