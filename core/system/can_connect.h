#pragma once

#include <stop_token>
#include <string>

#include "core/system/fd.h"

namespace pgassay {

/// Does anybody accept connections there, within so long? Nothing is sent. `address` is numeric.
bool can_connect(const std::string& address, unsigned port, std::chrono::milliseconds patience,
                 const std::stop_token& stop);
/// A unix socket; one whose path is too long for a socket's address can't be connected to.
bool can_connect(const Path& socket);

}  // namespace pgassay
