// What is fuzzed: readers of what may come from elsewhere. Each takes any bytes, lets the errors pass that
// are documented for bad input, and aborts where a promise is broken; the sanitizers see the rest.
#pragma once

#include <string_view>

namespace pgassay::fuzz {

void manifest(std::string_view input);
void inventory(std::string_view input);
void part(std::string_view input);
void globals(std::string_view input);
void config(std::string_view input);
void psql(std::string_view input);

}  // namespace pgassay::fuzz
