#pragma once

#include <cstddef>
#include <string>

namespace pgassay {

std::string random_hex(std::size_t bytes);  ///< from getrandom(2)
std::string random_uuid();                  ///< version 4 (RFC 9562)
std::string host_name();

}  // namespace pgassay
