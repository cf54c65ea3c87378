// What `stack check` and `stack routes` found, for people and as JUnit XML.
#pragma once

#include <string>

#include "stack/check/check.h"

namespace pgassay::cli {

/// One test case a check; one that could not be made is an error, a warning is none.
std::string junit_xml(const stack::StackCheckReport& report, const std::string& suite);
/// `quiet`: without what passed and without warnings.
std::string stack_check_text(const stack::StackCheckReport& report, bool quiet);

}  // namespace pgassay::cli
