// Text for JUnit XML.
#pragma once

#include <string>
#include <string_view>

namespace pgassay::cli {

/// XML 1.0 has no way to write most control characters, nor bytes that are no UTF-8. Those are written as
/// \xNN.
std::string xml_escaped(std::string_view text);

}  // namespace pgassay::cli
