// Text for JUnit XML.
#pragma once

#include <string>
#include <string_view>

namespace pgassay::cli {

/// XML 1.0 has no way to write most control characters, nor bytes that are no UTF-8. Those are written as
/// \xNN.
std::string xml_escaped(std::string_view text);

/// A document of one test suite. `counts` are attributes of both elements, `more` (with a space before it) of
/// the suite's, and `cases` its elements.
std::string junit_document(const std::string& suite, const std::string& counts, const std::string& more,
                           const std::string& cases);

}  // namespace pgassay::cli
