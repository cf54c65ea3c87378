// For calls of other libraries that know no time-out.
#pragma once

#include <functional>

namespace pgassay {

/// Calls it in a fork of this process, which is gone after so many seconds, however far it came; what it
/// changes in memory is lost. It may call only what is async-signal-safe (signal-safety(7)). False when it
/// did not come to its end. May be called from any thread.
bool call_in_a_fork(std::chrono::seconds limit, const std::function<void()>& call);

}  // namespace pgassay
